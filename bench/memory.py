"""Memory and restart with a few and with very many spooled instances, the origin server away."""

import time
from functools import partial

from bench import backlog, driver
from bench.instances import SMALL
from bench.load import Load
from bench.peers import ours
from bench.plan import Measured, Plan, record
from bench.results import Results
from bench.site import Site

SUITE = "memory"
OURS = "proxy"
FEW, MANY, MANY_WHEN_QUICK = 1_000, 200_000, 20_000
SENT = 500  # instances that are sent on top


def cell(count: int) -> str:
    return f"{count} spooled"


def measure(plan: Plan, results: Results) -> None:
    """Once: these figures are steady, and slow to come by."""
    for count in (FEW, int(plan.scaled(MANY, MANY_WHEN_QUICK))):
        record(results, SUITE, cell(count), OURS, 0, partial(_memory, count))


def _memory(count: int) -> Measured:
    """The peaks while the index is filled from the spool and instances come in; then a restart."""
    with Site() as site:
        backlog.fill(site.folder / "spool", count)
        system = ours.start(site, ours.Proxy(uploaders=1))
        with site.usage() as usage:
            site.wait_until_quiet("uploader", "redis")
            driver.receive(site, Load(system.port, SMALL.name, SENT, 4))
            site.wait_until_quiet("uploader", "redis")
        began = time.monotonic()
        ours.restart_receiver(site, system)
        driver.generate(Load(system.port, SMALL.name, 1))
        restarted = time.monotonic() - began
    return {
        "receiver_rss_mb": usage.peaks["receiver"],
        "uploader_rss_mb": usage.peaks["uploader"],
        "redis_rss_mb": usage.peaks["redis"],
        "restart_s": restarted,
    }
