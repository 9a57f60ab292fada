"""The RQ job, by the name that shared.jobs puts into Redis."""

from collections.abc import Callable

_ticking: list[Callable[[str], None]] = []  # RQ finds this module by name, and in it the worker


def install(run: Callable[[str], None]) -> None:
    """What a tick does in this process."""
    _ticking[:] = [run]


def tick(destination: str) -> None:
    _ticking[0](destination)
