"""What the proxy has to reach, as a table; each target is checked cell by cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from bench import gateway, receive, worklist
from bench.instances import CT, MR
from bench.results import Results

RATE = "instances_per_s"
Value = Callable[[Results, str], float | None]  # of a cell


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


def ratio(suite: str, ours: str, peer: str, figure: str = RATE) -> Value:
    return lambda results, cell: results.ratio(suite, cell, ours, peer, figure)


def figure(suite: str, peer: str, name: str) -> Value:
    return lambda results, cell: results.median(suite, cell, peer, name)


def times_best(results: Results, cell: str) -> float | None:
    """Our queries per second as a multiple of the better of the worklist peers."""
    ratios = [
        results.ratio(worklist.SUITE, cell, worklist.OURS, peer, "queries_per_s")
        for peer in (worklist.WLMSCPFS, worklist.ORTHANC)
    ]
    known = [each for each in ratios if each is not None]
    return min(known, default=None)


def above_upstream(results: Results, cell: str) -> float | None:
    """Milliseconds that we add to the upstream server's own answer."""
    mine = results.median(worklist.SUITE, cell, worklist.OURS, "p50_ms")
    theirs = results.median(worklist.SUITE, cell, worklist.UPSTREAM, "p50_ms")
    return None if mine is None or theirs is None else mine - theirs


def share_of_possible(results: Results, cell: str) -> float | None:
    """Our synced rate as a share of the smaller of what the disk allows and our unsynced rate."""
    suite = receive.SUITE
    shares = [
        results.ratio(suite, cell, receive.OURS, other, RATE)
        for other in (receive.SYNCED_LOOP, receive.OURS_UNSYNCED)
    ]
    known = [share for share in shares if share is not None]
    return max(known) if len(known) == len(shares) else None


def arrivals_under_latency(results: Results, cell: str) -> float | None:
    """The rate of arrivals at 200 ms of latency as a share of that at none."""
    slow = results.median(gateway.SUITE, cell, gateway.OURS, "arrivals_per_s")
    fast_cell = cell.replace(", 200 ms", ", 0 ms")
    fast = results.median(gateway.SUITE, fast_cell, gateway.OURS, "arrivals_per_s")
    return slow / fast if slow and fast else None


_R = receive.SUITE
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
)


def verdicts(results: Results, targets: Sequence[Target] = TARGETS) -> Iterator[Verdict]:
    """Of the suites that were run."""
    for target in targets:
        if results.of(target.suite):
            for cell in target.cells:
                yield Verdict(target, cell, target.value(results, cell))
