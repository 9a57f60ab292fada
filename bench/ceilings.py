"""What the tools themselves can do on this machine: no comparison is worth more."""

import sys
from functools import partial

from bench import driver
from bench.instances import CT, MR, Kind
from bench.load import Load
from bench.plan import Measured, Plan, record
from bench.receive import ASSOCIATIONS, cell
from bench.results import Results
from bench.site import Site, free_port

SUITE = "ceiling"
NULL = "load generator, null SCP"
BARE = "bare receiver, a file each"


def measure(plan: Plan, results: Results) -> None:
    for kind in (CT, MR):
        for associations in ASSOCIATIONS:
            for peer in (NULL, BARE):
                work = partial(_ceiling, plan, kind, associations, peer)
                record(results, SUITE, cell(kind, associations), peer, 0, work)


def _ceiling(plan: Plan, kind: Kind, associations: int, peer: str) -> Measured:
    with Site() as site:
        port = free_port()
        folder = [site.made("out")] if peer == BARE else []
        site.start("null", [sys.executable, "-m", "bench.null_scp", str(port), *folder])
        site.wait_for("null", port)
        load = Load(port, kind.name, 10**6, associations, seconds=plan.scaled(1.0, 0.5))
        return driver.receive(site, load)
