"""What the proxy has to reach, as a table; each target is checked cell by cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from bench import (
    associations,
    gateway,
    images,
    lone,
    memory,
    outage,
    receive,
    rules,
    scale,
    scrape,
    worklist,
)
from bench.comparisons import (
    Value,
    above_upstream,
    arrivals_under_latency,
    figure,
    quotient,
    ratio,
    share_of_possible,
    times_best,
)
from bench.instances import CT, MR, SMALL
from bench.results import Results


@dataclass(frozen=True, slots=True)
class Target:
    text: str
    suite: str
    cells: Sequence[str]
    value: Value
    at_least: float | None = None
    at_most: float | None = None

    @property
    def needed(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}"

    def met(self, value: float) -> bool:
        if self.at_least is not None:
            return value >= self.at_least
        return value <= (self.at_most or 0.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    target: Target
    cell: str
    value: float | None  # None: not measured, and so not met

    @property
    def met(self) -> bool:
        return self.value is not None and self.target.met(self.value)


_R, _A = receive.SUITE, associations.SUITE
RECEIVE = [receive.cell(kind, number) for kind, number in product((CT, MR), (1, 4))]
CT_4, MR_4 = receive.cell(CT, 4), receive.cell(MR, 4)
GATEWAY = [gateway.latency_cell(kind, latency) for kind, latency in product((CT, MR), (0, 200))]

TARGETS = (
    Target(
        "receive without sync: times pynetdicom AE",
        _R,
        RECEIVE,
        ratio(_R, receive.OURS_UNSYNCED, receive.PYNETDICOM),
        at_least=4,
    ),
    Target(
        "receive without sync: times storescp",
        _R,
        RECEIVE,
        ratio(_R, receive.OURS_UNSYNCED, receive.STORESCP),
        at_least=1.3,
    ),
    Target(
        "receive with sync: times Orthanc default (synced too)",
        _R,
        [CT_4],
        ratio(_R, receive.OURS, receive.ORTHANC),
        at_least=3,
    ),
    Target(
        "receive with sync: times Orthanc default (synced too)",
        _R,
        [MR_4],
        ratio(_R, receive.OURS, receive.ORTHANC),
        at_least=2,
    ),
    Target(
        "receive with sync: share of the lesser of a bare synced loop and no sync",
        _R,
        [CT_4, MR_4],
        share_of_possible,
        at_least=0.6,
    ),
    Target(
        "receiver's peak memory, MB",
        _R,
        RECEIVE,
        figure(_R, receive.OURS, "receiver_rss_mb"),
        at_most=120,
    ),
    Target(
        "gateway with sync: times Orthanc tuned without",
        gateway.SUITE,
        GATEWAY,
        ratio(gateway.SUITE, gateway.OURS, gateway.ORTHANC),
        at_least=2,
    ),
    Target(
        "gateway: arrivals at 200 ms as a share of those at 0 ms",
        gateway.SUITE,
        [cell for cell in GATEWAY if cell.endswith("200 ms")],
        arrivals_under_latency,
        at_least=0.9,
    ),
    Target(
        "scraped every second: processor time, % of a core",
        scrape.SUITE,
        ["one scrape, idle"],
        figure(scrape.SUITE, scrape.SCRAPED, "cpu_percent"),
        at_most=1,
    ),
    Target(
        "worklist: p50 above the upstream server's own, ms",
        worklist.SUITE,
        [worklist.cell(10, "all", 1)],
        above_upstream,
        at_most=8,
    ),
    Target(
        "worklist: times the better of wlmscpfs and Orthanc",
        worklist.SUITE,
        [worklist.cell(1000, "all", clients) for clients in worklist.CLIENTS],
        times_best,
        at_least=1,
    ),
    Target(
        "worklist: times the better of wlmscpfs and Orthanc",
        worklist.SUITE,
        [worklist.cell(1000, "one", clients) for clients in worklist.CLIENTS],
        times_best,
        at_least=2,
    ),
    Target(
        "lone instance: p50 from C-STORE response to stored, ms",
        lone.SUITE,
        [lone.cell(SMALL), lone.cell(CT)],
        figure(lone.SUITE, lone.OURS, "p50_ms"),
        at_most=50,
    ),
    Target(
        "associations a second",
        _A,
        [associations.ONE_EACH],
        figure(_A, associations.OURS, "associations_per_s"),
        at_least=250,
    ),
    Target(
        "processor, % of a core",
        _A,
        [associations.IDLE],
        figure(_A, associations.OURS, "cpu_percent"),
        at_most=2,
    ),
    Target(
        "receiver's memory, MB",
        _A,
        [associations.IDLE],
        figure(_A, associations.OURS, "receiver_rss_mb"),
        at_most=150,
    ),
    Target(
        "p99 of a good client, times that when alone",
        _A,
        [associations.BESIDE],
        quotient(_A, associations.ALONE, associations.OURS, "p99_ms"),
        at_most=1.5,
    ),
    Target(
        "4 uploaders: times the rate of one",
        scale.SUITE,
        [scale.CELL],
        ratio(scale.SUITE, scale.FOUR, scale.ONE),
        at_least=3.5,
    ),
    Target(
        "receiver's memory, times that at 1000",
        memory.SUITE,
        [memory.cell(memory.MANY)],
        quotient(memory.SUITE, memory.cell(memory.FEW), memory.OURS, "receiver_rss_mb"),
        at_most=1.1,
    ),
    Target(
        "uploader's memory, times that at 1000",
        memory.SUITE,
        [memory.cell(memory.MANY)],
        quotient(memory.SUITE, memory.cell(memory.FEW), memory.OURS, "uploader_rss_mb"),
        at_most=1.1,
    ),
    Target(
        "restart to first C-STORE response, s",
        memory.SUITE,
        [memory.cell(memory.MANY)],
        figure(memory.SUITE, memory.OURS, "restart_s"),
        at_most=2,
    ),
    Target(
        "requests in a day without origin server",
        outage.SUITE,
        [outage.CELL],
        figure(outage.SUITE, outage.OURS, "requests_a_day"),
        at_most=1000,
    ),
    Target(
        "C-STORE p99 in that day, times that before",
        outage.SUITE,
        [outage.CELL],
        figure(outage.SUITE, outage.OURS, "p99_of_before"),
        at_most=1.2,
    ),
    Target(
        "backlog drained, times the gateway's rate",
        outage.SUITE,
        [outage.CELL],
        figure(outage.SUITE, outage.OURS, "drained_of_gateway"),
        at_least=0.8,
    ),
    Target(
        "processor for an instance with 40 AE titles and 20 routes, times that without",
        rules.SUITE,
        [rules.CELL],
        ratio(rules.SUITE, rules.RULED, rules.PLAIN, "cpu_ms"),
        at_most=1.03,
    ),
    Target(
        "image, MB over its base",
        images.SUITE,
        images.SERVICES,
        figure(images.SUITE, images.OURS, "over_base_mb"),
        at_most=150,
    ),
    Target(
        "container, s from its start to ready",
        images.SUITE,
        images.SERVICES,
        figure(images.SUITE, images.OURS, "ready_s"),
        at_most=3,
    ),
)


def verdicts(results: Results, targets: Sequence[Target] = TARGETS) -> Iterator[Verdict]:
    """Of the cells that were tried; one that failed is not met."""
    for target in targets:
        tried = {record.cell for record in results.of(target.suite)}
        for cell in target.cells:
            if cell in tried:
                yield Verdict(target, cell, target.value(results, cell))
