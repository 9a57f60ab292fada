"""Settings: one TOML file, environment DICOMWEB_PROXY_<SECTION>__<NAME> on top.

Built once in each program and passed down; no other module reads the environment.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator

from shared import config_rules as rules
from shared.config_sources import Sources, meant
from shared.destination import Destination
from shared.errors import ConfigurationError
from shared.hints import worded
from shared.needs import EVERYTHING, Needs
from shared.sections import Sections

# Where one of these cannot be used, it is not known what the destinations are.
DESTINATION_SECTIONS = frozenset({"upload", "worklist", "auth", "destinations"})


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
    invalid, broken = _invalid(content, sources)
    mistakes = [*sources.mistakes, *invalid]
    rest = Sections(**{key: value for key, value in content.items() if key not in broken})
    if needs.redis:
        mistakes += rules.unusable_file("redis.password_file", rest.redis.password_file)
    if not broken & DESTINATION_SECTIONS:
        mistakes += rules.contradictions(rest)
        mistakes += rules.unusable_files(rest, needs)
        # A misspelt name may well have been the missing one.
        misspelt = bool(sources.mistakes) or bool(broken - Sections.model_fields.keys())
        if not (misspelt or rules.destinations(rest)):
            mistakes.append(
                "upload.uri or worklist.uri: at least one is needed, or [[destinations]]"
            )
    if mistakes:
        raise ConfigurationError(*mistakes)
    return Settings(**content)


def _invalid(content: dict[str, Any], sources: Sources) -> tuple[list[str], set[str]]:
    """What no table takes, as lines, and the tables that cannot be used for it."""
    try:
        Sections(**content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    else:
        return [], set()
    lines = []
    for each in found:
        key = ".".join(map(str, each["loc"]))
        origin = f" ({given})" if (given := sources.origin(key)) else ""
        lines += [f"{key}{origin}: {text}" for text in _texts(each["type"], each["msg"], key)]
    return lines, {str(each["loc"][0]) for each in found}


def _texts(kind: str, message: str, key: str) -> list[str]:
    if kind == "extra_forbidden":
        return [f"there is no such setting{worded(meant(key))}"]
    if kind == "tuple_type":
        return ['must be a list, such as ["a", "b"]']
    return message.removeprefix("Value error, ").splitlines()
