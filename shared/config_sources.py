"""Where settings come from: a TOML file and the environment, merged; which of them gave a value."""

import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from shared.hints import closest, worded
from shared.sections import PREFIX, Sections

DEFAULT_FILE = Path("/etc/dicomweb-proxy/proxy.toml")
FILE_VARIABLE = PREFIX + "CONFIG"


class Sources:
    """What file and environment say, read once."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: the file that must exist; unset: the one the environment names, else the default
        one if it exists.
        """
        named = path or (Path(value) if (value := os.environ.get(FILE_VARIABLE)) else None)
        self.path = named or DEFAULT_FILE
        self.file, self.mistakes = _read(self.path, must_exist=named is not None)
        self.mistakes += _misspelt(os.environ)
        self.environment = _Environment(Sections)()

    def merged(self) -> dict[str, Any]:
        return {**self.file, **self.environment} | {
            key: _over(self.file[key], self.environment[key])
            for key in self.file.keys() & self.environment.keys()
        }

    def silent_about(self, places: Iterable[str]) -> bool:
        """Whether there is no file, and nothing in the environment at any of a.dotted.place."""
        return not self.file and not any(
            _has(self.environment, place.split(".")) for place in places
        )

    def origin(self, place: str) -> str:
        """Who gave the value at a.dotted.place: a variable, the file, or "" for a default."""
        parts = place.split(".")
        for depth in (2, 1):
            variable = PREFIX + "__".join(parts[:depth]).upper()
            if _has(self.environment, parts[:depth]) and os.environ.get(variable):
                return variable
        return str(self.path) if _has(self.file, parts) else ""


class _Environment(EnvSettingsSource):
    """The environment, without what no setting takes; what is no JSON is left to validation."""

    def __init__(self, settings: type[Sections]) -> None:
        super().__init__(settings)
        unknown = {name.lower() for name in _unknown(os.environ)}
        self.env_vars = {key: value for key, value in self.env_vars.items() if key not in unknown}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def keys() -> Iterator[str]:
    """Every setting that the environment can give, as section.name."""
    for section, field in Sections.model_fields.items():
        nested = getattr(field.annotation, "model_fields", None)
        yield from (f"{section}.{name}" for name in nested) if nested else ()


def meant(key: str) -> str:
    """What a misspelt key may have meant, among those that may stand in its table; else empty."""
    table, _, name = key.rpartition(".")
    found = _model(table)
    if found is None:  # the table is misspelt as well
        return closest(key, keys())
    beside = closest(name, found.model_fields)
    if table:
        return f"{table}.{beside}" if beside else ""
    return beside or closest(key, keys())


def _model(table: str) -> type[BaseModel] | None:
    """What may stand in a.dotted.place; None if there is no such table."""
    model: type[BaseModel] = Sections
    for part in table.split(".") if table else ():
        if part.isdigit():  # of a list, whose kind of item is known already
            continue
        field = model.model_fields.get(part)
        kinds = (field.annotation, *get_args(field.annotation)) if field else ()
        found = [each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)]
        if not found:
            return None
        model = found[0]
    return model


def _read(path: Path, *, must_exist: bool) -> tuple[dict[str, Any], list[str]]:
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except FileNotFoundError:
        return {}, [f"{path}: no such file"] if must_exist else []
    except OSError as error:
        return {}, [f"{path}: cannot be read ({error.strerror})"]
    except UnicodeDecodeError:
        return {}, [f"{path}: is not UTF-8"]
    except tomllib.TOMLDecodeError as error:
        return {}, [f"{path}: {error}"]
    except RecursionError:
        return {}, [f"{path}: is nested too deeply"]


def _known() -> set[str]:
    sections = {PREFIX + name.upper() for name in Sections.model_fields}
    return {FILE_VARIABLE, *sections, *(PREFIX + key.upper().replace(".", "__") for key in keys())}


def _unknown(names: Iterable[str]) -> list[str]:
    """Variables of ours that no setting takes: pydantic-settings would shrug."""
    known = _known()
    ours = [name for name in names if name.upper().startswith(PREFIX)]
    return sorted(name for name in ours if name.upper() not in known)


def _misspelt(names: Iterable[str]) -> list[str]:
    found = []
    for name in _unknown(names):
        key = name.upper().removeprefix(PREFIX).lower().replace("__", ".")
        setting = meant(key)
        variable = PREFIX + setting.upper().replace(".", "__") if setting else ""
        found.append(f"{name}: there is no such setting{worded(variable)}")
    return found


def _over(below: Any, above: Any) -> Any:
    """Tables merged key by key; anything else of `above` replaces."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: _over(below.get(key), value) for key, value in above.items()}}


def _has(content: Any, parts: list[str]) -> bool:
    for part in parts:
        if isinstance(content, list) and part.isdigit() and int(part) < len(content):
            content = content[int(part)]
        elif isinstance(content, dict) and part in content:
            content = content[part]
        else:
            return False
    return True
