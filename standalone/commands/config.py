"""`dicomweb-proxy config show`: every setting as it holds, and where its value came from."""

import argparse
import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.config import settings_of
from shared.config_sources import Sources
from shared.sections import Sections
from standalone.options import add_config, add_json
from standalone.table import table

SUMMARY = "show the settings as they hold, and where each came from"
DEFAULT = "default"


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser("show", help=SUMMARY, description=__doc__)
    add_config(show)
    add_json(show)


def run(options: argparse.Namespace) -> int:
    lines = list(settings(Sources(options.config)))
    if options.json:
        content = {key: {"value": value, "from": origin} for key, value, origin in lines}
        sys.stdout.write(json.dumps(content, indent=2) + "\n")
    else:
        shown = [(key, json.dumps(value), origin) for key, value, origin in lines]
        sys.stdout.write(table(("Setting", "Value", "From"), shown))
    return 0


def settings(sources: Sources) -> Iterator[tuple[str, Any, str]]:
    """Key, value and origin. A secret is never a value: settings only name the file that has it."""
    found = settings_of(sources)
    declared = Sections(**sources.merged())
    for section in Sections.model_fields:
        value = getattr(found, section)
        if isinstance(value, BaseModel):
            for name, each in _leaves(value):
                key = f"{section}.{name}"
                yield key, each, sources.origin(key) or DEFAULT
    for number, each in enumerate(found.destinations):
        for name, leaf in _leaves(each):
            inherited = not declared.destinations
            written = f"destinations.{number}.{name}"
            origin = "" if inherited else sources.origin(written)
            yield f"destinations.{each.name}.{name}", leaf, origin or _derived(inherited=inherited)
    for number, route in enumerate(found.routes):
        for name, leaf in _leaves(route):
            key = f"routes.{number}.{name}"
            yield key, leaf, sources.origin(key) or DEFAULT


def _derived(*, inherited: bool) -> str:
    return "upload, worklist, auth" if inherited else DEFAULT


def _leaves(table_of: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(table_of).model_fields:
        value = getattr(table_of, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
