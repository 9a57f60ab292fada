"""What a misspelt name may have meant."""

import difflib
from collections.abc import Iterable


def hint(name: str, known: Iterable[str]) -> str:
    """A suggestion, or nothing."""
    return worded(closest(name, known))


def closest(name: str, known: Iterable[str]) -> str:
    """Empty if none is close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def worded(meant: str) -> str:
    return f" (did you mean {meant}?)" if meant else ""
