"""A day without the origin server in a thousandth of the time: what it costs, then the drain."""

import time

from bench import driver, gateway
from bench.instances import SMALL
from bench.load import Load
from bench.origin import Origin
from bench.peers import ours
from bench.plan import Measured, Plan, record
from bench.results import Results
from bench.site import Site

SUITE = "outage"
OURS = "proxy"
CELL = "small, a day without origin server"
SCALE = 1000  # times faster than the clock
DAY = 86_400 / SCALE  # seconds
BASE, CAP = 1.0 / SCALE, 300.0 / SCALE  # seconds: the defaults of retry_base and retry_cap, scaled
WAITING = (50_000, 5_000)  # instances: full, quick
BEFORE = (5_000, 1_000)  # instances before the outage, at the same pace; and then as fast as can be
PAUSE = 0.004  # seconds between an answer and the next request: the day is long enough for all


def measure(plan: Plan, results: Results) -> None:
    """Once: two minutes."""
    record(results, SUITE, CELL, OURS, 0, lambda: _outage(plan))


def _outage(plan: Plan) -> Measured:
    waiting, before = int(plan.scaled(*WAITING)), int(plan.scaled(*BEFORE))
    with Origin() as origin, Site() as site:
        port = _proxy(site, origin.port)
        gateway.warm_up(site, origin, port)
        normal = driver.generate(_load(port, before, pause=PAUSE))
        origin.wait_for(before)
        origin.reset()
        gateway_rate = _gateway_rate(origin, port, before)
        origin.reset(down=True)
        began = time.monotonic()
        sent = driver.generate(_load(port, waiting, pause=PAUSE))
        time.sleep(max(0.0, began + DAY - time.monotonic()))
        lasted, requests = time.monotonic() - began, origin.counts()["requests"]
        origin.reset()
        back = origin.wait_for(waiting)
    drained = waiting / (back["last"] - back["first"])
    return {
        "drained_per_s": drained,
        "requests_a_day": requests * DAY / lasted,
        "instances": waiting,
        "gateway_per_s": gateway_rate,
        "drained_of_gateway": drained / gateway_rate,
        "p99_ms": sent["p99_ms"],
        "p99_before_ms": normal["p99_ms"],
        "p99_of_before": sent["p99_ms"] / normal["p99_ms"],
        "sent_twice": back["instances"] - waiting,
    }


def _proxy(site: Site, sink: int) -> int:
    settings = {"UPLOAD__RETRY_BASE": str(BASE), "UPLOAD__RETRY_CAP": str(CAP)}
    return ours.receiver(site, ours.Proxy(sink=sink, uploaders=1, settings=settings))


def _gateway_rate(origin: Origin, port: int, count: int) -> float:
    sent = driver.generate(_load(port, count))
    return count / (origin.wait_for(count)["last"] - float(sent["begun"]))


def _load(port: int, count: int, pause: float = 0.0) -> Load:
    return Load(port, SMALL.name, count, gateway.ASSOCIATIONS, pause=pause)
