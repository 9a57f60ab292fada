"""The proxy's state, looked at by one thread at a time and for all who ask within a moment.

Counts and the names of our own settings alone: what names a study, an instance or an AE title is
read for each who may see it, and kept for nobody.
"""

import time
from dataclasses import dataclass
from threading import Lock

from shared.recent import Hour
from standalone.page.current import Current
from standalone.page.history import traffic
from standalone.state import State, look

FRESH = 2.0  # seconds that a look at the spool serves all who ask: counting costs
REST = 4  # times as long as a look took, where there is a lot to count


@dataclass(frozen=True, slots=True)
class Found:
    state: State
    hour: Hour | None  # None: Redis cannot say


class Watched:
    def __init__(self, current: Current) -> None:
        self._current = current
        self._lock = Lock()
        self._until = 0.0
        self._found: Found | None = None

    def now(self) -> Found:
        with self._lock:
            if self._found is None or time.monotonic() >= self._until:
                settings, begun = self._current(), time.monotonic()
                state = look(settings)
                # Of a Redis that does not answer nothing more is asked: each takes seconds.
                self._found = Found(state, None if state.redis else traffic(settings))
                took = time.monotonic() - begun
                self._until = time.monotonic() + max(FRESH, took * REST)
            return self._found

    def forget(self) -> None:
        """Something was done: the next who asks shall see it."""
        with self._lock:
            self._until = 0.0
