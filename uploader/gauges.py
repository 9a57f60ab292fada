"""What the uploaders have to say of the index: for all of them, by the one that leads.

The totals are kept in Redis, so that they add up whoever counted and whoever is asked.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from redis.exceptions import RedisError

from shared import metrics
from shared.entry import SUFFIX
from shared.figures import KEPT_BYTES, KINDS, SPREADS, TOKEN_ENDS, Figures
from shared.index import Counts, Index
from shared.metrics import Declared, Sample
from shared.quarantine import FOLDER

TOTALS: dict[str, Declared] = {  # by their names in Redis
    "stored": metrics.STORED,
    "duplicates": metrics.DUPLICATES,
    "requests": metrics.REQUESTS,
    "quarantined": metrics.QUARANTINED,
    "retried": metrics.RETRIED,
    "holds": metrics.HOLDS,
}


class Gauges:
    def __init__(
        self,
        index: Index,
        root: Path,
        destinations: Iterable[str],
        leads: Callable[[], bool],
    ) -> None:
        self._index = index
        self._root = root
        self._destinations = tuple(destinations)
        self._leads = leads

    def __call__(self) -> Iterator[Sample]:
        leads = self._leads()
        yield Sample(metrics.LEADS, leads)
        if not leads:
            return
        for each in self._destinations:
            yield Sample(metrics.QUARANTINE, self._quarantined(each), (each,))
        try:
            for each in self._destinations:
                counts = self._index.counts(each)
                yield from _of_a_destination(each, counts)
                yield from _figures(each, counts, self._index.figures(each))
        except RedisError:  # the check named redis says so
            return

    def _quarantined(self, destination: str) -> int:
        try:
            with os.scandir(self._root / FOLDER / destination) as found:
                return sum(each.name.endswith(SUFFIX) for each in found)
        except FileNotFoundError:
            return 0


def _of_a_destination(name: str, counts: Counts) -> Iterator[Sample]:
    age = 0.0 if counts.oldest is None else max(0.0, time.time() - counts.oldest)
    yield Sample(metrics.READY, counts.urgent, (name, "urgent"))
    yield Sample(metrics.READY, counts.routine, (name, "routine"))
    yield Sample(metrics.IN_FLIGHT, counts.leased, (name,))
    yield Sample(metrics.OLDEST, age, (name,))
    yield Sample(metrics.HOLD, counts.held_for, (name,))
    yield Sample(metrics.FAULTS, counts.faults, (name,))
    yield Sample(metrics.TICKS, counts.running, (name,))
    for total, declared in TOTALS.items():
        yield Sample(declared, counts.totals.get(total, 0), (name,))


def _figures(name: str, counts: Counts, figures: Figures) -> Iterator[Sample]:
    for _, kind in KINDS:
        failing = counts.faults > 0 and figures.fault == kind
        yield Sample(metrics.FAILING, failing, (name, kind))
    yield Sample(metrics.UNANSWERED, figures.unanswered, (name,))
    for declared in SPREADS:
        yield Sample(declared, figures.spread(declared), (name,))
    if (kept := figures.number(KEPT_BYTES)) is not None:
        yield Sample(metrics.KEPT_BYTES, kept, (name,))
    if (ends := figures.number(TOKEN_ENDS)) is not None:
        yield Sample(metrics.TOKEN, ends - time.time(), (name, "store"))
