"""Configuration files and variables of a test, and what is wrong with them."""

from pathlib import Path

import pytest

from shared.config import load
from shared.errors import ConfigurationError
from shared.sections import PREFIX


def written(folder: Path, text: str) -> Path:
    path = folder / "proxy.toml"
    path.write_text(text, "utf-8")
    return path


def set_variables(environ: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        environ.setenv(PREFIX + name, str(value))


def mistakes(path: Path | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    return list(caught.value.mistakes)
