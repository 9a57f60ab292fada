"""Partial files made ahead of need, by a thread of their own.

Making a file waits while the file system commits its journal, which is what each sync of another
instance asks of it: 1.4 ms on average with four associations, and an event loop would stand still.
"""

import contextlib
import os
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import NamedTuple

from shared.errors import SpoolError

MOST = 32  # files, and descriptors, held ready


class Partial(NamedTuple):
    path: str
    descriptor: int


class Spares:
    """As many as receptions were ever begun at once and found none, up to MOST."""

    def __init__(self, make: Callable[[], Partial]) -> None:
        self._make = make
        self._ready: deque[Partial] = deque()
        self._wanted = 0
        self._orders: SimpleQueue[bool] = SimpleQueue()  # True: look whether to make some
        self._maker: Thread | None = None
        self._starting = Lock()

    def take(self) -> Partial:
        """Raises OSError, SpoolError."""
        try:
            return self._ready.popleft()
        except IndexError:
            self._wanted = min(self._wanted + 1, MOST)
            return self._make()
        finally:
            if len(self._ready) * 2 < self._wanted:  # several at a time: waking a thread costs
                self._order()

    def close(self) -> None:
        with self._starting:
            maker, self._maker = self._maker, None
        if maker:
            self._orders.put(False)
            maker.join()
        while self._ready:
            discard(self._ready.popleft())

    def _order(self) -> None:
        with contextlib.suppress(RuntimeError):  # there is no thread left: they are made when taken
            self._begin()
            self._orders.put(True)

    def _begin(self) -> None:
        """Raises RuntimeError."""
        if self._maker is None:
            with self._starting:
                if self._maker is None:
                    maker = Thread(target=self._work, name="spares", daemon=True)
                    maker.start()
                    self._maker = maker

    def _work(self) -> None:
        while self._orders.get():
            # Whoever needs one will meet the fault himself.
            with contextlib.suppress(OSError, SpoolError):
                while len(self._ready) < self._wanted:
                    self._ready.append(self._make())


def discard(partial: Partial) -> None:
    """Never raises."""
    with contextlib.suppress(OSError):
        os.close(partial.descriptor)
    with contextlib.suppress(OSError):
        os.unlink(partial.path)  # noqa: PTH108  strings are what the fast path works with
