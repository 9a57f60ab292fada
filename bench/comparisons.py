"""The figures that targets are set for: ratios of one sitting, and some in their own unit."""

from collections.abc import Callable

from bench import gateway, receive, worklist
from bench.results import Results

RATE = "instances_per_s"
Value = Callable[[Results, str], float | None]  # of a cell


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


def quotient(suite: str, beside: str, peer: str, name: str) -> Value:
    """A figure as a multiple of what it is in another cell."""

    def value(results: Results, cell: str) -> float | None:
        mine = results.median(suite, cell, peer, name)
        other = results.median(suite, beside, peer, name)
        return mine / other if mine and other else None

    return value
