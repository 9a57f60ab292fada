"""SIGHUP while a process starts, which it would end: kept for the handler that is to come.

It is not ignored: the settings may have been read already, and programs that are started while it
is would ignore it too.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | int | None  # as of signal.signal

_SIGHUP = frozenset({signal.SIGHUP})
_kept: list[int] = []


def keep() -> Handler:
    """From now on. To be called before anything that takes long, such as most imports. Gives the
    handler there was.
    """
    before = signal.signal(signal.SIGHUP, _keep)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGHUP)  # see blocked
    return before


def handle(handler: Handler) -> None:
    signal.signal(signal.SIGHUP, handler)
    deliver()


def deliver() -> None:
    """There is a handler now: it has what was kept."""
    if _kept:
        _kept.clear()
        os.kill(os.getpid(), signal.SIGHUP)


@contextlib.contextmanager
def blocked() -> Iterator[None]:
    """A process that is started within has SIGHUP wait until it can keep it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGHUP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGHUP)


def _keep(number: int, frame: FrameType | None) -> None:
    del frame
    _kept.append(number)
