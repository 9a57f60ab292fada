"""Every event that the program's source logs, found by reading it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("receiver", "uploader", "worklist", "shared", "standalone")
NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
CHOSEN = {"tell", "report", "aloud"}  # variables that hold a method of a logger


@dataclass(frozen=True, slots=True)
class Call:
    event: str
    level: str  # "" where it is decided when it runs
    fields: frozenset[str]
    more: bool  # it has ** arguments
    place: str


def calls() -> list[Call]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return [call for file in files for call in _in(file)]


def _in(file: Path) -> Iterator[Call]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        level = _level(node)
        if level is None or not isinstance(node, ast.Call):
            continue
        event = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        place = f"{file.relative_to(ROOT)}:{node.lineno}"
        named = frozenset(each.arg for each in node.keywords if each.arg)
        more = any(each.arg is None for each in node.keywords)
        yield Call(str(event), level, named - {"exc_info"}, more, place)


def _level(node: ast.AST) -> str | None:
    """Of a call of a logger; "" if that is not known, None if it is no such call."""
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    if isinstance(function, ast.Name) and function.id in CHOSEN:
        return ""
    if isinstance(function, ast.Attribute) and function.attr in LEVELS:
        ours = isinstance(function.value, ast.Name) and function.value.id == "log"
        return ("error" if function.attr == "exception" else function.attr) if ours else None
    return None
