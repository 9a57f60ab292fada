"""`dicomweb-proxy config show`: every setting as it holds, and where its value came from."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.config import settings_of
from shared.config_sources import Sources
from shared.destination import Destination
from shared.destination_presets import PRESETS
from shared.needs import NOTHING
from shared.reserves import space
from shared.sections import Sections
from shared.spool_sections import SpoolSettings
from standalone.options import add_config, add_json
from standalone.table import table

SUMMARY = "show the settings as they hold, and where each came from"
DEFAULT, ABOVE, VOLUME = "default", "the settings above", "default on this volume"

Line = tuple[str, Any, str]  # key, value, origin


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


def settings(sources: Sources) -> Iterator[Line]:
    """Key, value and origin. A secret is never a value: settings only name the file that has it."""
    found = settings_of(sources, NOTHING)
    of_volume = _of_volume(found.spool)
    listed = bool(Sections(**sources.merged()).destinations)
    for section in Sections.model_fields:
        value = getattr(found, section)
        if not isinstance(value, tuple):
            yield from map(of_volume, _with_origin(sources, section, section, value))
    for number, each in enumerate(found.destinations):
        written = f"destinations.{number}" if listed else ""
        for key, value, origin in _with_origin(sources, f"destinations.{each.name}", written, each):
            filled = origin in {DEFAULT, ABOVE} and _by_preset(each, key.rpartition(".")[2])
            yield key, value, f"preset {each.preset}" if filled else origin
    for section in ("routes", "peers", "modalities"):
        for number, each in enumerate(getattr(found, section)):
            key = f"{section}.{number}"
            yield from _with_origin(sources, key, key, each)


def _of_volume(settings: SpoolSettings) -> Callable[[Line], Line]:
    """The reserves as they are on this volume, where they are not set."""
    try:
        soft, hard = space(settings).reserves
    except OSError:
        return lambda line: line
    computed = {"spool.soft_reserve": soft, "spool.hard_reserve": hard}

    def resolved(line: Line) -> Line:
        key, value, _ = line
        return (key, computed[key], VOLUME) if key in computed and value is None else line

    return resolved


def _by_preset(destination: Destination, name: str) -> bool:
    known = PRESETS[destination.preset or "generic"]
    return name in known and getattr(destination, name) == known[name]


def _with_origin(sources: Sources, shown: str, written: str, value: Any) -> Iterator[Line]:
    """`written`: where the sources may name it; "" where it follows from the settings above."""
    for name, leaf in _leaves(value):
        origin = (sources.origin(f"{written}{name}") or DEFAULT) if written else ABOVE
        yield f"{shown}{name}", leaf, origin


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), f"{prefix}.{name}")
    else:
        yield prefix, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
