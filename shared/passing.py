"""A thread that gives the disk what nobody waits for, and has memory forget what it has: a modality
must not wait for a disk that is behind either.
"""

import os
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple

from shared import segment

PATIENCE = 5.0  # seconds, at the end
MOST = 3  # stretches that wait; where there are more the disk is behind, and memory is to take them


class _Stretch(NamedTuple):
    descriptor: int  # of its own
    offset: int
    length: int  # bytes


class Passing:
    """For one thread alone."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[_Stretch | None] = SimpleQueue()
        self._thread: Thread | None = None

    def give(self, descriptor: int, offset: int, length: int) -> bool:
        """Of a segment, which may be closed meanwhile; whether the disk keeps up. Never waits.
        Raises OSError.
        """
        if self._waiting.qsize() >= MOST:
            return False
        if self._thread is None:
            self._thread = Thread(target=self._run, name="passing", daemon=True)
            self._thread.start()
        self._waiting.put(_Stretch(os.dup(descriptor), offset, length))
        return True

    def close(self) -> None:
        """Once the disk was given all of it, or hangs."""
        if self._thread:
            self._waiting.put(None)
            self._thread.join(PATIENCE)
            self._thread = None

    def _run(self) -> None:
        while each := self._waiting.get():
            try:
                with suppress(OSError):  # it stays in memory until the system writes it
                    segment.forget(*each)
            finally:
                os.close(each.descriptor)
