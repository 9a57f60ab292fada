"""What waits in the spool for a destination that is configured no more: nobody sends it."""

from collections.abc import Collection
from dataclasses import dataclass

from shared.errors import SpoolError
from shared.spool import Spool

WHAT_TO_DO = (
    "configure the destination again, or move them with "
    "`dicomweb-proxy spool check --orphans-to NAME --repair`"
)


@dataclass(frozen=True, slots=True)
class Orphans:
    """Of one destination."""

    name: str  # as its folder in the spool
    kept: int  # instances
    bytes: int


def orphans(spool: Spool, destinations: Collection[str]) -> tuple[Orphans, ...]:
    """By destination; those of the settings are not looked through. Nothing where the spool cannot
    be read, which is told as that.
    """
    found = []
    try:
        for name in sorted(set(spool.destinations()) - set(destinations)):
            number = size = 0
            for each in spool.scan(name):
                number, size = number + 1, size + each.size
            if number:
                found.append(Orphans(name, number, size))
    except SpoolError:
        return ()
    return tuple(found)


def in_words(found: Orphans) -> str:
    """How many, for people."""
    return f"{waiting(found.kept)} ({found.bytes:,} bytes)"


def waiting(kept: int) -> str:
    many = f"{kept:,} instances wait" if kept != 1 else "1 instance waits"
    return f"{many} for a destination that is configured no more"
