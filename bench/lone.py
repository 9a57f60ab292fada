"""Lone instances: how long after its C-STORE response is one stored, when nothing else goes on."""

from functools import partial
from itertools import product

from bench import driver, gateway
from bench.instances import CT, SMALL, Kind
from bench.load import Load, percentile
from bench.origin import Origin
from bench.plan import Measured, Plan, record
from bench.results import Results
from bench.site import Site

SUITE = "latency"
OURS = "proxy"
COUNT = (25, 15)  # instances of a run: full, quick
PAUSE = 0.25  # seconds between two: all is quiet again


def cell(kind: Kind) -> str:
    return f"lone {kind.name}"


def measure(plan: Plan, results: Results) -> None:
    for run, kind in product(range(plan.runs), (SMALL, CT)):
        record(results, SUITE, cell(kind), OURS, run, partial(_lone, plan, kind))


def _lone(plan: Plan, kind: Kind) -> Measured:
    count = int(plan.scaled(*COUNT))
    with Origin() as origin, Site() as site:
        port = gateway.proxy(site, origin.port)
        gateway.warm_up(site, origin, port)
        sent = driver.generate(Load(port, kind.name, count, pause=PAUSE, trace=True))
        origin.wait_for(count)
        arrived = origin.arrivals()
    waits = sorted(arrived[uid] - answered for uid, answered in sent["answered"])
    return {
        "p50_ms": percentile(waits, 0.50),
        "p99_ms": percentile(waits, 0.99),
        "instances": len(waits),
    }
