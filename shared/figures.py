"""What is remembered of a destination in Redis for those who watch, and for nothing else."""

from bisect import bisect_left
from dataclasses import dataclass

from shared import metrics
from shared.errors import Busy, Denied, DestinationFault, Misconfigured, Silent, Unavailable
from shared.metric import Declared, Spread

# What a destination may be held for, by the most special class first.
KINDS: tuple[tuple[type[DestinationFault], str], ...] = (
    (Busy, "busy"),
    (Silent, "silent"),
    (Unavailable, "unavailable"),
    (Denied, "denied"),
    (Misconfigured, "misconfigured"),
)
MILLI = 1000  # sums are whole thousandths: Redis adds those without rounding
SPREADS = (metrics.REQUEST_SECONDS, metrics.REQUEST_INSTANCES)
TOKEN_ENDS, KEPT_BYTES, FAULT, REASON = "token_ends", "kept_bytes", "fault", "reason"


@dataclass(frozen=True, slots=True)
class Figures:
    unanswered: float  # seconds since a request was begun, and none was answered; 0: none is
    texts: dict[str, str]  # by name, as Redis has them

    @property
    def fault(self) -> str:
        """The kind of the last one; "" if there was none."""
        return self.texts.get(FAULT, "")

    @property
    def reason(self) -> str:
        """Of the last hold, in words for an operator."""
        return self.texts.get(REASON, "")

    def number(self, name: str) -> float | None:
        try:
            return float(self.texts[name])
        except (KeyError, ValueError):
            return None

    def spread(self, metric: Declared) -> Spread:
        counts = tuple(self.number(each) or 0.0 for each in _buckets(metric))
        return Spread(counts, (self.number(f"{metric.name}:sum") or 0.0) / MILLI)


def observed(metric: Declared, value: float) -> dict[str, int]:
    """What one observation adds to the figures."""
    bucket = _buckets(metric)[bisect_left(metric.bounds, value)]
    return {bucket: 1, f"{metric.name}:sum": round(value * MILLI)}


def kind(fault: DestinationFault) -> str:
    return next(name for each, name in KINDS if isinstance(fault, each))


def _buckets(metric: Declared) -> list[str]:
    return [f"{metric.name}:{bound}" for bound in (*metric.bounds, "inf")]
