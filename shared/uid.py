"""Unique identifiers (PS3.5 9.1), and what may be said of those that are none."""

import re

# Ours (PS3.7 D.3.3.2), derived from a UUID (PS3.5 B.2): in associations, and in group 0002 of what
# we keep. It stays as it is in every version: the same instance must always become the same bytes.
IMPLEMENTATION_CLASS_UID = "2.25.151376370758704304646596008397940074953"
LONGEST_UID = 64  # PS3.5 9.1
NO_UID = "[no UID]"  # what a device puts in its place may name a patient

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")


def is_uid(value: str) -> bool:
    return len(value) <= LONGEST_UID and _UID.fullmatch(value) is not None


def shown(value: str) -> str:
    """Fit for a log or a record."""
    return value if is_uid(value) or not value else NO_UID
