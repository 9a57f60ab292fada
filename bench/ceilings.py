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


def measure(plan: Plan, results: Results) -> None:
    for kind in (CT, MR):
        for associations in ASSOCIATIONS:
            work = partial(_null, plan, kind, associations)
            record(results, SUITE, cell(kind, associations), NULL, 0, work)


def _null(plan: Plan, kind: Kind, associations: int) -> Measured:
    with Site() as site:
        port = free_port()
        site.start("null", [sys.executable, "-m", "bench.null_scp", str(port)])
        site.wait_for("null", port)
        load = Load(port, kind.name, 10**6, associations, seconds=plan.scaled(1.0, 0.5))
        return driver.receive(site, load)
