"""More uploader containers: how much faster they drain a backlog from a distant origin server."""

from collections.abc import Sequence
from functools import partial

from bench import driver
from bench.instances import MR
from bench.load import Load
from bench.origin import Origin
from bench.peers import ours
from bench.plan import Measured, Plan, record
from bench.results import Results
from bench.site import Site

SUITE = "scale"
CELL = "MR backlog, 200 ms, one worker each"
ONE, FOUR = "1 uploader", "4 uploaders"
UPLOADERS = {ONE: 1, FOUR: 4}
LATENCY = 0.2  # seconds
STEADY = (0.3, 0.9)  # share of the arrivals between which the rate is taken
COUNT = (4000, 2000)  # instances: full, quick
ASSOCIATIONS = 4
MOST_RUNS = 2  # half a minute each


def measure(plan: Plan, results: Results) -> None:
    for run in range(min(plan.runs, MOST_RUNS)):
        for name, uploaders in UPLOADERS.items():
            record(results, SUITE, CELL, name, run, partial(_drain, plan, uploaders))


def _drain(plan: Plan, uploaders: int) -> Measured:
    return drained(LATENCY, uploaders, int(plan.scaled(*COUNT)))


def drained(latency: float, uploaders: int, count: int) -> Measured:
    """The uploaders start once all MR instances are received."""
    with Origin(latency) as origin, Site() as site:
        system = ours.start(site, ours.Proxy(sink=origin.port, sync=False, workers=1))
        driver.generate(Load(system.port, MR.name, count, ASSOCIATIONS))
        ours.start_uploaders(site, system, uploaders)
        counts = origin.wait_for(count)
        arrived = sorted(origin.arrivals().values())
    return {
        "instances_per_s": steady_rate(arrived),
        "instances": count,
        "requests": counts["requests"],
        "most_in_flight": counts["most_in_flight"],
        "sent_twice": counts["instances"] - count,
    }


def steady_rate(arrived: Sequence[float]) -> float:
    """Arrivals per second while all uploaders are at work: some start later, some end earlier."""
    first, last = (int(share * len(arrived)) for share in STEADY)
    return (last - first) / max(arrived[last] - arrived[first], 1e-9)
