"""Every metric, declared once, and their exposition in Prometheus' text format.

Labels are names of our own settings and numbers of standards: never a UID, an AE title or an
address, which come from the wire and may name a person or be without end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PREFIX = "dicomweb_proxy_"


@dataclass(frozen=True, slots=True, eq=False)  # the object is its identity, and is hashed fast
class Declared:
    """A metric. `name` without the prefix; a counter's ends in _total."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str
    by: str  # who exposes it
    labels: tuple[str, ...] = ()


_LEADER = "the leading uploader"
_UPLOADER = "each uploader"
_EACH = ("destination",)

CHECK = Declared(
    "check", "gauge", "1 while a check of /readyz passes, else 0.", "each service", ("check",)
)
READY = Declared(
    "ready_instances", "gauge", "Instances that wait to be sent.", _LEADER, (*_EACH, "priority")
)
IN_FLIGHT = Declared("in_flight_instances", "gauge", "Instances being sent.", _LEADER, _EACH)
OLDEST = Declared(
    "oldest_age_seconds", "gauge", "Since the oldest that waits came in; 0: none.", _LEADER, _EACH
)
HOLD = Declared(
    "hold_seconds", "gauge", "Until a destination that failed is tried; 0: no hold.", _LEADER, _EACH
)
FAULTS = Declared("faults_in_a_row", "gauge", "Failures since the last success.", _LEADER, _EACH)
TICKS = Declared("running_ticks", "gauge", "Workers that send just now.", _LEADER, _EACH)
STORED = Declared("stored_total", "counter", "Instances named as stored.", _LEADER, _EACH)
DUPLICATES = Declared(
    "duplicates_total", "counter", "Instances that were there already.", _LEADER, _EACH
)
REQUESTS = Declared("requests_total", "counter", "Store requests answered.", _LEADER, _EACH)
QUARANTINED = Declared("quarantined_total", "counter", "Instances ever set aside.", _LEADER, _EACH)
QUARANTINE = Declared(
    "quarantine_instances", "gauge", "Instances in quarantine now.", _LEADER, _EACH
)
LEADS = Declared(
    "leader", "gauge", "1 in the uploader that speaks for all of them, else 0.", _UPLOADER
)
FREE = Declared("spool_free_bytes", "gauge", "Free on the spool's file system.", _UPLOADER)

_RECEIVER, _WORKLIST = "the receiver", "the worklist"
_BY_STATUS = ("status",)

RECEIVED = Declared("received_total", "counter", "Instances kept and answered.", _RECEIVER)
RECEIVED_BYTES = Declared("received_bytes_total", "counter", "Bytes of those.", _RECEIVER)
IRREGULAR = Declared(
    "irregular_total", "counter", "Instances kept although they break rules.", _RECEIVER
)
DISCARDED = Declared("discarded_total", "counter", "Instances that a route drops.", _RECEIVER)
REFUSED = Declared(
    "refused_total", "counter", "Instances refused, by status of C-STORE.", _RECEIVER, _BY_STATUS
)
QUERIES = Declared(
    "worklist_queries_total", "counter", "Queries, by final status.", _WORKLIST, _BY_STATUS
)
MATCHES = Declared("worklist_matches_total", "counter", "Worklist items answered.", _WORKLIST)
STALE = Declared(
    "worklist_stale_total", "counter", "Searches answered from an earlier answer.", _WORKLIST
)
QUERY_SECONDS = Declared(
    "worklist_query_seconds_total", "counter", "Time that all queries took.", _WORKLIST
)

METRICS = (
    CHECK,
    READY,
    IN_FLIGHT,
    OLDEST,
    HOLD,
    FAULTS,
    TICKS,
    STORED,
    DUPLICATES,
    REQUESTS,
    QUARANTINED,
    QUARANTINE,
    LEADS,
    FREE,
    RECEIVED,
    RECEIVED_BYTES,
    IRREGULAR,
    DISCARDED,
    REFUSED,
    QUERIES,
    MATCHES,
    STALE,
    QUERY_SECONDS,
)


class Sample(NamedTuple):
    metric: Declared
    value: float
    labels: tuple[str, ...] = ()


Source = Callable[[], Iterable[Sample]]

_sources: list[Source] = []  # of this process, as prometheus_client's own registry is


def expose(source: Source) -> None:
    """Ask `source` at every scrape, in the scrape's thread, from now on."""
    _sources.append(source)


def withdraw(source: Source) -> None:
    if source in _sources:
        _sources.remove(source)


def exposition(*more: Source) -> bytes:
    """What this process has to say just now; `more`: sources for this time only."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Collector([*_sources, *more]))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, sources: list[Source]) -> None:
        self._sources = sources

    def describe(self) -> Iterator[Metric]:
        """Nothing: or prometheus_client would collect once to find out."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        families = {each: _family(each) for each in METRICS}
        for source in self._sources:
            for sample in source():
                families[sample.metric].add_metric(sample.labels, sample.value)
        return (each for each in families.values() if each.samples)


def _family(declared: Declared) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if declared.kind == "counter" else GaugeMetricFamily
    return kind(PREFIX + declared.name, declared.meaning, labels=declared.labels)
