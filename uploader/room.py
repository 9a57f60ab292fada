"""How large a request may be: less than configured, where a server has refused one for its size, or
takes its time over each instance.
"""

import time
from collections.abc import Callable

from uploader.outcome import Outcome, Verdict

MEMORY = 600.0  # seconds until it is tried again whether the server takes more by now
FEW = 64  # instances that a request begins with
QUICK = 1.0  # seconds in which a request is answered that waits for the line, not for the server
SLOW = 4.0  # seconds; a request that takes longer is too much to be sent again for one fault


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


class Number:
    """Of instances in a request to one destination, in one worker.

    What a long line costs, it costs once for each request, so that requests grow where they are
    answered soon. A server that works long on each instance gets `FEW`: many at once would only
    keep other workers from sharing them, and be sent in vain if the request broke off.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`most`: as configured."""
        self._most = most
        self._clock = clock
        self._fewest = min(FEW, most)
        self._until = clock()  # until then it does not grow
        self.instances = self._fewest

    def answered(self, instances: int, seconds: float) -> None:
        """A request of so many was answered after so long."""
        if seconds > SLOW:
            self.instances = max(self._fewest, self.instances // 2)
        elif seconds < QUICK and instances >= self.instances and self._clock() >= self._until:
            self.instances = min(self._most, 2 * self.instances)

    def failed(self) -> None:
        """A request broke off, or was refused as a whole: it may have been too much."""
        self.instances = self._fewest
        self._until = self._clock() + MEMORY
