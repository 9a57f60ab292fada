"""Unique identifiers (PS3.5 9.1), and what may be said of those that are none."""

import re

LONGEST_UID = 64  # PS3.5 9.1
NO_UID = "[no UID]"  # what a device puts in its place may name a patient

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def is_uid(value: str) -> bool:
    return len(value) <= LONGEST_UID and _UID.fullmatch(value) is not None


def shown(value: str) -> str:
    """Fit for a log or a record."""
    return value if is_uid(value) or not value else NO_UID
