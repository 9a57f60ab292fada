"""What a metric is: its declaration, and what is told of it at a scrape."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True, eq=False)  # the object is its identity, and is hashed fast
class Declared:
    """A metric. `name` without the prefix; a counter's ends in _total."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    by: str  # who exposes it
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()  # of a histogram: the upper ends of its buckets, without +Inf


class Spread(NamedTuple):
    """A histogram's value: observations in each bucket (the last one is +Inf's), and their sum."""

    counts: tuple[float, ...]
    total: float

    def cumulated(self, bounds: Iterable[float]) -> list[tuple[str, float]]:
        """As Prometheus has it: how many were no larger than each bound."""
        so_far, found = 0.0, []
        for bound, count in zip((*map(str, bounds), "+Inf"), self.counts, strict=True):
            so_far += count
            found.append((bound, so_far))
        return found


class Sample(NamedTuple):
    metric: Declared
    value: float | Spread
    labels: tuple[str, ...] = ()


Source = Callable[[], Iterable[Sample]]
