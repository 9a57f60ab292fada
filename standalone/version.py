"""The version, as installed; else that of the folder."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def _installed() -> str:
    try:
        return version("dicomweb-proxy")
    except PackageNotFoundError:  # a container image copies the folders and installs nothing
        return _told()


def _told() -> str:
    try:
        return str(tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"])
    except OSError:
        return "unknown"


VERSION = _installed()
