"""How large a request may be: less than configured, where a server has refused one for its size."""

import time
from collections.abc import Callable

from uploader.outcome import Outcome, Verdict

MEMORY = 600.0  # seconds until it is tried again whether the server takes more by now


class Room:
    """Of one destination, in one worker: a front end's limit is met once, not with each batch."""

    def __init__(self, configured: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._configured = configured
        self._clock = clock
        self._learned = configured
        self._taken = 0  # the largest that the server took
        self._until = clock()

    @property
    def bytes(self) -> int:
        return self._learned if self._clock() < self._until else self._configured

    def learn(self, size: int, outcome: Outcome) -> None:
        """A request of so many bytes was refused."""
        if outcome.verdict is Verdict.TOO_LARGE and size > self._taken:
            self._learned = max(1, min(self.bytes, size // 2))
            self._until = self._clock() + MEMORY

    def taken(self, size: int) -> None:
        """A request of so many bytes was not refused: one as large may be, but not for its size."""
        self._taken = max(self._taken, size)
