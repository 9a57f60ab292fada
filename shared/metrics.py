"""Every metric, declared once, and their exposition in Prometheus' text format.

Labels are names of our own settings and numbers of standards: never a UID, an AE title or an
address, which come from the wire and may name a person or be without end.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from shared.metric import Declared, Sample, Source, Spread

__all__ = ["Declared", "Sample", "Source", "Spread"]

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PREFIX = "dicomweb_proxy_"
# Upper bounds of buckets. A disk answers in a millisecond or in fifty, an archive in tens to
# thousands: three bounds a decade tell which.
DISK = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
NETWORK = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
BATCHES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1000.0)

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

RETRIED = Declared(
    "retried_total", "counter", "Instances put back, to be sent again.", _LEADER, _EACH
)
HOLDS = Declared("holds_total", "counter", "Holds that were begun.", _LEADER, _EACH)
FAILING = Declared(
    "failing",
    "gauge",
    "1 from that kind of fault until a destination stores again, else 0.",
    _LEADER,
    (*_EACH, "fault"),
)
UNANSWERED = Declared(
    "unanswered_seconds",
    "gauge",
    "Since it was asked and has answered nothing; 0: nothing is under way.",
    _LEADER,
    _EACH,
)
REQUEST_SECONDS = Declared(
    "request_seconds", "histogram", "Time of a Store request.", _LEADER, _EACH, NETWORK
)
REQUEST_INSTANCES = Declared(
    "request_instances", "histogram", "Instances in a Store request.", _LEADER, _EACH, BATCHES
)
TOKEN = Declared(
    "token_seconds",
    "gauge",
    "Until the access token fetched last ends; below 0: it has ended.",
    "the leading uploader, the worklist",
    ("destination", "use"),
)
KEPT_BYTES = Declared(
    "spool_kept_bytes", "gauge", "Bytes in the spool, as last scanned.", _LEADER, _EACH
)

_DISK = "each uploader, the receiver"
FREE = Declared("spool_free_bytes", "gauge", "Free on the spool's file system.", _DISK)
SIZE = Declared("spool_size_bytes", "gauge", "Size of that file system.", _DISK)
RESERVE = Declared(
    "spool_reserve_bytes",
    "gauge",
    "spool.soft_reserve and spool.hard_reserve: below them modalities are turned away.",
    _DISK,
    ("reserve",),
)
CERTIFICATE = Declared(
    "certificate_seconds",
    "gauge",
    "Until a certificate of ours ends; below 0: it has ended.",
    "each service that uses one",
    ("use", "destination"),
)

_DIMSE = "the receiver, the worklist"
ASSOCIATIONS = Declared("associations", "gauge", "Associations open now.", _DIMSE)
ASSOCIATIONS_ENDED = Declared(
    "associations_ended_total", "counter", "Associations ended, by how.", _DIMSE, ("how",)
)
ASSOCIATIONS_REFUSED = Declared(
    "associations_refused_total",
    "counter",
    "Associations refused, by result, source and reason (PS3.8 Table 9-21).",
    _DIMSE,
    ("rejection",),
)

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
RECEIVE_SECONDS = Declared(
    "receive_seconds",
    "histogram",
    "From a C-STORE's command to its answer.",
    _RECEIVER,
    (),
    NETWORK,
)
SYNC_SECONDS = Declared(
    "sync_seconds", "histogram", "Of that, until the disk had it.", _RECEIVER, (), DISK
)
QUERIES = Declared(
    "worklist_queries_total", "counter", "Queries, by final status.", _WORKLIST, _BY_STATUS
)
MATCHES = Declared("worklist_matches_total", "counter", "Worklist items answered.", _WORKLIST)
STALE = Declared(
    "worklist_stale_total", "counter", "Searches answered from an earlier answer.", _WORKLIST
)
DROPPED = Declared(
    "worklist_dropped_total",
    "counter",
    "Workitems of the server that were not answered, by why.",
    _WORKLIST,
    ("why",),
)
QUERY_SECONDS = Declared(
    "worklist_query_seconds", "histogram", "Time of a query.", _WORKLIST, (), NETWORK
)
UPSTREAM_SECONDS = Declared(
    "worklist_upstream_seconds", "histogram", "Time of a Search request.", _WORKLIST, (), NETWORK
)
UPSTREAM_FAULTS = Declared(
    "worklist_upstream_faults_total", "counter", "Search requests that failed.", _WORKLIST
)

METRICS = tuple(each for each in globals().values() if isinstance(each, Declared))

_Family = Any  # of prometheus_client, whose add_metric differs by kind
_FAMILIES: dict[str, Callable[..., _Family]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}

_sources: list[Source] = []  # of this process, as prometheus_client's own registry is


def expose(source: Source) -> None:
    """Ask `source` at every scrape, in the scrape's thread, from now on."""
    _sources.append(source)


def withdraw(source: Source) -> None:
    if source in _sources:
        _sources.remove(source)


@contextlib.contextmanager
def exposed(*sources: Source) -> Iterator[None]:
    """For as long as something lasts."""
    for each in sources:
        expose(each)
    try:
        yield
    finally:
        for each in sources:
            withdraw(each)


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
                _add(families[sample.metric], sample)
        return (each for each in families.values() if each.samples)


def _family(declared: Declared) -> _Family:
    return _FAMILIES[declared.kind](
        PREFIX + declared.name, declared.meaning, labels=declared.labels
    )


def _add(family: _Family, sample: Sample) -> None:
    if isinstance(sample.value, Spread):
        buckets = sample.value.cumulated(sample.metric.bounds)
        family.add_metric(sample.labels, buckets, sample.value.total)
    else:
        family.add_metric(sample.labels, sample.value)
