"""What it costs to be scraped every second: the same receiver, with and without, in turn."""

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bench import driver
from bench.instances import MR
from bench.load import Load
from bench.peers import ours
from bench.plan import Measured, Plan, record, rotated
from bench.results import Results
from bench.site import Site

SUITE = "scrape"
SCRAPED, ALONE = "scraped every second", "not scraped"
CELL = "MR, 4 associations, sync off"
ASSOCIATIONS = 4
PAIRS = (5, 2)  # for each run: full, quick
SECONDS = (4.0, 2.0)
AT_LEAST = 100
SCRAPES = 100  # in a row, for the processor time of one


def measure(plan: Plan, results: Results) -> None:
    with Site() as site:
        system = ours.start(site, ours.Proxy(sync=False))
        load = Load(
            system.port,
            MR.name,
            10**6,
            ASSOCIATIONS,
            seconds=plan.scaled(*SECONDS),
            at_least=AT_LEAST,
        )
        driver.receive(site, load)  # warms it up
        for run in range(plan.runs * int(plan.scaled(*PAIRS))):
            for name in rotated((SCRAPED, ALONE), run):
                work = partial(_receive, site, load, system.health if name == SCRAPED else 0)
                record(results, SUITE, CELL, name, run, work)
        work = partial(_share, site, system.health)
        record(results, SUITE, "one scrape, idle", SCRAPED, 0, work)


def _receive(site: Site, load: Load, health: int) -> Measured:
    with _scraping(health):
        return driver.receive(site, load)


@contextmanager
def _scraping(health: int) -> Iterator[None]:
    """Every second, as the closest of scrapers does; no port: not at all."""
    done = threading.Event()

    def scrape() -> None:
        while not done.wait(1.0):
            _scrape(health)

    thread = threading.Thread(target=scrape, daemon=True)
    if health:
        thread.start()
    yield
    done.set()
    if health:
        thread.join()


def _share(site: Site, health: int) -> Measured:
    """Processor time of a scrape as a share of the second that it is for."""
    with site.usage("receiver") as usage:
        for _ in range(SCRAPES):
            _scrape(health)
    return {"cpu_percent": 100 * usage.cpu / SCRAPES}


def _scrape(health: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics", timeout=10) as answer:
        answer.read()
