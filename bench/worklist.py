"""Worklist: C-FIND in; the proxy asks a UPS-RS server, the peers read files."""

import http.client
import time
from collections.abc import Callable
from functools import partial
from itertools import product

from bench import driver
from bench.find_load import FindLoad
from bench.load import percentile
from bench.peers import dcmtk, orthanc, ours
from bench.plan import Measured, Plan, record, rotated
from bench.results import Results
from bench.site import Site
from bench.stand_in import StandIn
from bench.worklist_items import FOLDER, write_files

SUITE = "worklist"
OURS, WLMSCPFS, ORTHANC, UPSTREAM = "proxy", "wlmscpfs", "Orthanc", "upstream alone, HTTP"
COUNTS, CLIENTS = (10, 100, 1000), (1, 4)
MATCHES = ("all", "one")
SECONDS = (1.0, 0.5)  # of asking per run: full, quick
ASKED = 5  # the item that is asked for where one matches
# A server that matches the accession number, so that the key is pushed down to it.
MATCHING = {"WORKLIST__PRESET": "dcm4chee"}


def wlmscpfs(site: Site, count: int, upstream: int) -> int:
    del upstream
    return dcmtk.wlmscpfs(site, write_files(site.folder / "worklists", count))


def orthanc_plugin(site: Site, count: int, upstream: int) -> int:
    del upstream
    return orthanc.worklists(site, write_files(site.folder / "worklists", count) / FOLDER)


def proxy(site: Site, count: int, upstream: int) -> int:
    del count
    return ours.worklist(site, upstream, MATCHING)


Server = Callable[[Site, int, int], int]  # with so many items; returns the DIMSE port
PEERS: dict[str, Server] = {OURS: proxy, WLMSCPFS: wlmscpfs, ORTHANC: orthanc_plugin}


def cell(count: int, matches: str, clients: int) -> str:
    return f"{count} items, {matches} matching, {clients} client{'s' if clients > 1 else ''}"


def measure(plan: Plan, results: Results) -> None:
    counts = COUNTS[::2] if plan.quick else COUNTS
    for run, count in product(range(plan.runs), counts):
        with StandIn("bench.upstream", count) as upstream:
            record(
                results,
                SUITE,
                cell(count, "all", 1),
                UPSTREAM,
                run,
                partial(_upstream_alone, upstream.port),
            )
            for name in rotated(tuple(PEERS), run):
                _measure_peer(plan, results, name, run, count, upstream.port)


def _measure_peer(
    plan: Plan, results: Results, name: str, run: int, count: int, upstream: int
) -> None:
    """All queries against one server: it keeps nothing of one that would help the next."""
    with Site() as site:
        port: list[int] = []  # started by the first run, so that its faults are recorded

        def ask(matches: str, clients: int) -> Measured:
            if not port:
                port.append(PEERS[name](site, count, upstream))
            load = FindLoad(
                port[0],
                expected=count if matches == "all" else 1,
                one=None if matches == "all" else ASKED,
                clients=clients,
                seconds=plan.scaled(*SECONDS),
            )
            return driver.find(site, load)

        for matches, clients in product(MATCHES, CLIENTS):
            work = partial(ask, matches, clients)
            record(results, SUITE, cell(count, matches, clients), name, run, work)


def _upstream_alone(port: int) -> Measured:
    """How long the upstream server takes for all items, on a connection that stays open."""
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(100):
        began = time.monotonic()
        connection.request("GET", "/workitems", headers={"Accept": "application/dicom+json"})
        connection.getresponse().read()
        took.append(time.monotonic() - began)
    connection.close()
    return {"queries_per_s": len(took) / sum(took), "p50_ms": percentile(sorted(took), 0.50)}
