"""Settings: one TOML file, environment DICOMWEB_PROXY_<SECTION>__<NAME> on top.

Built once in each program and passed down; no other module reads the environment.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails

from shared import config_rules as rules
from shared.config_sources import Sources, meant
from shared.config_words import UNKNOWN, said
from shared.destination import Destination
from shared.errors import ConfigurationError
from shared.hints import worded
from shared.needs import EVERYTHING, Needs
from shared.sections import Sections

# Where one of these cannot be used, it is not known what the destinations are, or their files.
DESTINATIONS = ("destinations", "upload.uri", "worklist.uri")
FILES = (*DESTINATIONS, "upload.preset", "auth")


class Settings(Sections):
    """The tables as they are used: destinations resolved, authentication decided."""

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        if mistakes := list(rules.contradictions(self)):
            raise ValueError("\n".join(mistakes))
        object.__setattr__(self, "destinations", rules.destinations(self))
        return self

    @property
    def upload_destinations(self) -> tuple[Destination, ...]:
        return tuple(each for each in self.destinations if each.upload_uri)


def file_of(path: Path | None = None) -> Path:
    """The file that `load` reads, whether it is there or not."""
    return Sources(path).path


def load(path: Path | None = None, needs: Needs = EVERYTHING) -> Settings:
    """Settings of a file (else the one DICOMWEB_PROXY_CONFIG names, else the default if it exists)
    and the environment; `needs`: which files they name must be usable. Raises ConfigurationError
    with every mistake.
    """
    return settings_of(Sources(path), needs)


def settings_of(sources: Sources, needs: Needs = EVERYTHING) -> Settings:
    content = sources.merged()
    if not sources.silent_about((*rules.ONLY_DESTINATION, "destinations")):
        content.pop("sandbox", None)  # whoever named a place never gets another one instead
    invalid = _invalid(content)
    rest, broken = _usable(content, invalid)
    mistakes = [*sources.mistakes, *(line for each in invalid for line in _lines(each, sources))]
    if needs.redis:
        mistakes += rules.unusable_file("redis.password_file", rest.redis.password_file)
    mistakes += rules.contradictions(rest, broken)
    if not rules.concerned(FILES, broken):
        mistakes += rules.unusable_files(rest, needs)
    # A misspelt name may well have been the missing one.
    unclear = bool(sources.mistakes) or any(each["type"] == UNKNOWN for each in invalid)
    if not (unclear or rules.concerned(DESTINATIONS, broken) or rules.destinations(rest)):
        mistakes.append("upload.uri or worklist.uri: at least one is needed, or [[destinations]]")
    if mistakes:
        raise ConfigurationError(*mistakes)
    return Settings(**content)


def _invalid(content: dict[str, Any]) -> list[ErrorDetails]:
    """What no table takes."""
    try:
        Sections(**content)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


def _usable(content: dict[str, Any], invalid: list[ErrorDetails]) -> tuple[Sections, set[str]]:
    """What is left without the values that are invalid, and the places of these."""
    usable = copy.deepcopy(content)
    broken = {".".join(_without(usable, each["loc"])) for each in invalid}
    # A table may say that it lacks a value which was invalid: that it is told of already.
    again = {str(each["loc"][0]) for each in _invalid(usable)}
    return Sections(**{key: usable[key] for key in usable.keys() - again}), broken | again


def _without(content: dict[str, Any], place: tuple[int | str, ...]) -> list[str]:
    """Take out the innermost value of a table that holds the place; its own place."""
    table: dict[str, Any] = content
    parts: list[str] = []
    for part in map(str, place):
        if part not in table:
            break
        parts.append(part)
        if not isinstance(table[part], dict):
            break
        table = table[part]
    if not parts:  # it is gone with another
        return [str(place[0])]
    table = content
    for part in parts[:-1]:
        table = table[part]
    del table[parts[-1]]
    return parts


def _lines(mistake: ErrorDetails, sources: Sources) -> Iterator[str]:
    key = ".".join(map(str, mistake["loc"]))
    origin = f" ({given})" if (given := sources.origin(key)) else ""
    if mistake["type"] == UNKNOWN:
        yield f"{key}{origin}: there is no such setting{worded(meant(key))}"
        return
    for text in said(mistake):
        yield f"{key}{origin}: {text}"
