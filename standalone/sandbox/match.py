"""Attribute matching of QIDO-RS (PS3.18 8.3.4.1), on DICOM JSON values."""

import re
from collections.abc import Iterable
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

RANGED = frozenset({"DA", "TM", "DT"})
UNFOLDED = frozenset({"PN"})  # names match without regard to case, as most archives do


class BadQuery(ValueError):
    """A search we cannot make; the text is for the client."""


def key_of(name: str, searchable: Iterable[int]) -> str:
    """The tag of a keyword or of eight hexadecimal digits, as DICOM JSON writes it."""
    tag = int(name, 16) if re.fullmatch("[0-9A-Fa-f]{8}", name) else tag_for_keyword(name)
    if tag is None or tag not in searchable:
        raise BadQuery(f"This sandbox cannot search by {name[:64]!r}.")
    return f"{tag:08X}"


def matches(key: str, wanted: str, attributes: dict[str, Any]) -> bool:
    if wanted in {"", "*"}:
        return True
    values = [_text(each) for each in attributes.get(key, {}).get("Value", [])]
    vr = dictionary_VR(int(key, 16))
    if vr in RANGED and "-" in wanted:
        first, last = wanted.split("-", 1)
        return any(_within(value, first, last) for value in values)
    patterns = wanted.split(",") if vr == "UI" else [wanted]
    return any(_pattern(each, vr).fullmatch(value) for each in patterns for value in values)


def _within(value: str, first: str, last: str) -> bool:
    # A bound of less precision stands for all it begins: 2026-2026 is the whole year.
    return (not first or value[: len(first)] >= first) and (not last or value[: len(last)] <= last)


def _pattern(wanted: str, vr: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    expression = "".join(wild.get(each) or re.escape(each) for each in wanted)
    return re.compile(expression, re.IGNORECASE | re.DOTALL if vr in UNFOLDED else re.DOTALL)


def _text(value: Any) -> str:
    return str(value.get("Alphabetic", "")) if isinstance(value, dict) else str(value)
