"""Gateway: C-STORE in, STOW-RS out, until the origin server has answered for the last instance."""

from collections.abc import Callable
from functools import partial
from itertools import product

from bench import driver
from bench.instances import CT, MR, SMALL, Kind
from bench.load import Load
from bench.origin import Origin
from bench.peers import orthanc, ours
from bench.plan import Measured, Plan, record, rotated
from bench.receive import cell
from bench.results import Results
from bench.site import Site

SUITE = "gateway"
OURS, ORTHANC = "proxy", "Orthanc tuned, no sync"
ASSOCIATIONS = 4
LATENCIES = (0, 50, 200)  # milliseconds
# A run ends once so many seconds have passed and so many instances are sent: full, quick.
SECONDS, AT_LEAST = (10.0, 1.0), (4000, 200)
ANY = 10**9  # instances: none ends for their number
WARM_UP = 64  # small instances before the clock starts

Forwarder = Callable[[Site, int], int]


def proxy(site: Site, sink: int) -> int:
    return ours.receiver(site, ours.Proxy(sink=sink, uploaders=1))


PEERS: dict[str, Forwarder] = {OURS: proxy, ORTHANC: orthanc.forwarder}


def latency_cell(kind: Kind, latency: int) -> str:
    return f"{cell(kind, ASSOCIATIONS)}, {latency} ms"


def measure(plan: Plan, results: Results) -> None:
    latencies = [each for each in LATENCIES if not plan.quick or each != 50]
    for run, kind, latency in product(range(plan.runs), (CT, MR), latencies):
        if latency == 50 and run:
            continue  # no target hangs on it: once is enough
        for name in rotated(tuple(PEERS), run):
            work = partial(forward, plan, PEERS[name], kind, latency / 1000)
            record(results, SUITE, latency_cell(kind, latency), name, run, work)


def forward(plan: Plan, launch: Forwarder, kind: Kind, latency: float) -> Measured:
    with Origin(latency) as origin, Site() as site:
        load = Load(
            launch(site, origin.port),
            kind.name,
            ANY,
            ASSOCIATIONS,
            seconds=plan.scaled(*SECONDS),
            at_least=int(plan.scaled(*AT_LEAST)),
        )
        warm_up(site, origin, load.port)
        with site.usage() as usage:
            sent = driver.generate(load)
            counts = origin.wait_for(sent["instances"])
        count = sent["instances"]
        return {
            "instances_per_s": count / (counts["last"] - sent["begun"]),
            "received_per_s": sent["rate"],
            "p50_ms": sent["p50_ms"],
            "p99_ms": sent["p99_ms"],
            "instances": count,
            # From the first to the last arrival: what latency must not change.
            "arrivals_per_s": count / max(counts["last"] - counts["first"], 1e-9),
            "requests": counts["requests"],
            "most_in_flight": counts["most_in_flight"],
            "sent_twice": counts["instances"] - count,
            **driver.cost(usage, count),
        }


def warm_up(site: Site, origin: Origin, port: int) -> None:
    """What happens once, such as starting workers and opening connections, is not measured."""
    driver.generate(Load(port, SMALL.name, WARM_UP, ASSOCIATIONS))
    origin.wait_for(WARM_UP)
    site.wait_until_quiet()
    origin.reset()
