"""A thread that gives the disk what nobody waits for, and has memory forget what it has: a modality
must not wait for a disk that is behind either.
"""

import os
import time
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from shared import segment

MOST = 3  # stretches that wait; where there are more the disk is behind, and memory is to take them
LATER = 1.0  # seconds, after which the disk has a stretch, and memory may forget it: by twice that
OPEN = 64  # stretches that wait for that, of a descriptor each: 128 MiB
PATIENCE = 1.0  # seconds, at the end


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
        """Of a segment, which may be closed meanwhile; whether it will be. Never waits, nor raises:
        what is not given stays in memory until the system writes it.
        """
        if self._waiting.qsize() >= MOST:
            return False
        try:
            self._begin()
            own = os.dup(descriptor)
        except (OSError, RuntimeError):  # there is no descriptor left, or no thread
            return False
        self._waiting.put(_Stretch(own, offset, length))
        return True

    def close(self) -> None:
        """Once the disk was given all of it, or hangs."""
        if self._thread:
            self._waiting.put(None)
            self._thread.join(PATIENCE)
            self._thread = None

    def _begin(self) -> None:
        """Raises RuntimeError."""
        if self._thread is None:
            thread = Thread(target=self._run, name="passing", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        given: deque[tuple[float, _Stretch]] = deque()  # and when it is due to be forgotten
        while True:
            with suppress(Empty):  # each time it wakes it has to wait for the interpreter
                if (more := self._waiting.get(timeout=LATER if given else None)) is None:
                    break
                _forget(more)  # what memory alone has it keeps, but the disk begins with it
                given.append((time.monotonic() + LATER, more))
            while given and (len(given) > OPEN or given[0][0] <= time.monotonic()):
                _let_go(given.popleft()[1])
        for _, each in given:
            _let_go(each)


def _let_go(stretch: _Stretch) -> None:
    _forget(stretch)
    with suppress(OSError):
        os.close(stretch.descriptor)


def _forget(stretch: _Stretch) -> None:
    with suppress(OSError):
        segment.forget(*stretch)
