"""Tells Redis, in the background, what a service counts, for the last hour of the status page.

As with announcements, Redis is never waited for: what cannot be told now is told with the next.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from redis import Redis
from redis.exceptions import RedisError

from shared import metrics
from shared.dimse import callers
from shared.errors import ConfigurationError
from shared.keys import CALLERS, RECENT
from shared.metric import Declared, Source, Spread
from shared.recent import Recent

PAUSE = 2.0  # seconds between looks at the counts
RECORDED: Mapping[Declared, str] = {
    metrics.RECEIVED: "received",
    metrics.REFUSED: "refused",
    metrics.QUERIES: "queries",
    metrics.MATCHES: "matches",
    metrics.STALE: "stale",
}

Totals = Callable[[], Mapping[str, int]]  # since the service began
Open = Callable[[], Redis]  # raises ConfigurationError


class Recorder:
    """`totals`: what to record, by the key in Redis."""

    def __init__(self, open_redis: Open, totals: Mapping[str, Totals]) -> None:
        self._open = open_redis
        self._recent: Recent | None = None  # until its password could be read
        self._totals = dict(totals)
        # A process that is started again goes on where another has counted already.
        self._told = {key: dict(each()) for key, each in totals.items()}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Tell the last of it, if Redis is there and it takes no longer than `timeout` seconds."""
        self._closing.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._closing.wait(PAUSE):
            self._tell()
        self._tell()

    def _tell(self) -> None:
        # Whoever needs Redis says what is wrong with it. OSError: without descriptors no script can
        # be read; there may be some again.
        with contextlib.suppress(RedisError, ConfigurationError, OSError):
            self._recent = self._recent or Recent(self._open())
            for key, totals in self._totals.items():
                told, found = self._told[key], dict(totals())
                news = {what: found[what] - told.get(what, 0) for what in found}
                self._recent.count(key, {what: more for what, more in news.items() if more > 0})
                self._told[key] = found


@contextlib.contextmanager
def recording(open_redis: Open, totals: Mapping[str, Totals]) -> Iterator[None]:
    """For as long as a service runs."""
    recorder = Recorder(open_redis, totals)
    recorder.start()
    try:
        yield
    finally:
        recorder.close(PAUSE)


def of_process(number: int, *sources: Source) -> dict[str, Totals]:
    """What a process that takes associations has to tell. What `sources` count for all processes
    together is told by the first, whose `number` is 0.
    """
    ours: dict[str, Totals] = {CALLERS: callers.totals}
    return ours if number else {**ours, RECENT: totals_of(lambda: chain(*(s() for s in sources)))}


def totals_of(source: Source) -> Totals:
    """What is recorded of a source of metrics; of those with a label, each by itself."""

    def totals() -> dict[str, int]:
        return {
            " ".join((RECORDED[metric], *labels)): int(value)
            for metric, value, labels in source()
            if metric in RECORDED and not isinstance(value, Spread)
        }

    return totals
