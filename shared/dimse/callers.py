"""Associations by who called, as the settings name them: for the status page.

An AE title comes from the wire and may be anything. Only what [[peers]] says of it is remembered:
the pattern that it matches there, so that names are few and none is of a person.
"""

from collections import Counter

OTHERS = "others"  # whom the settings do not name
MOST = 64  # patterns that are told apart: what is told of each is kept

_counts: Counter[str] = Counter()  # of this process, of the event loop's thread


def accepted(name: str) -> None:
    _count("associations", name)


def refused(name: str) -> None:
    _count("refused", name)


def ended(name: str, requests: int, failures: int) -> None:
    _count("requests", name, requests)
    _count("failures", name, failures)


def totals() -> dict[str, int]:
    """By "what name", since this process began; from any thread."""
    return dict(_counts)


def _count(what: str, name: str, number: int = 1) -> None:
    if number:
        _counts[f"{what} {name}"] += number
