"""Mends a race of pynetdicom 3.0: its reactor can take the answer that a request waits for.

`send_*` clears an event, waits for a flag that the reactor thread sets in front of that event, and
then sends. A reactor that has just come past the event is no longer stopped by it, still shows the
flag for a moment, and then eats the answer; the request ends 30 s later in a time-out. Here,
clearing returns only once the reactor stands at the event.
"""

import threading
from typing import Any

LOOK = 0.05  # seconds between looks whether the reactor still lives


class Checkpoint(threading.Event):
    def __init__(self, reactor: threading.Thread) -> None:
        super().__init__()
        self._reactor = reactor
        self._changed = threading.Condition()
        self._closed = False
        self._standing = False

    def clear(self) -> None:
        with self._changed:
            self._closed = True
            while not self._standing and self._reactor.is_alive():
                self._changed.wait(LOOK)

    def set(self) -> None:
        with self._changed:
            self._closed = False
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Called by the reactor alone, in each of its rounds."""
        with self._changed:
            self._standing = True
            self._changed.notify_all()
            while self._closed:
                self._changed.wait(timeout)
            self._standing = False
        return True


def mend(association: Any) -> None:
    """Call before the first request."""
    association._reactor_checkpoint = Checkpoint(association)  # noqa: SLF001  # there is no other way
