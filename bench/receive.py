"""Receive: C-STORE in, files on disk, nothing sent on."""

import os
from functools import partial
from itertools import product

from bench import driver, synced_loop
from bench.instances import CT, MR, Kind
from bench.load import Load
from bench.peers import dcmtk, orthanc, ours, stock_pynetdicom
from bench.plan import Measured, Plan, record, rotated
from bench.results import Results
from bench.site import Site

SUITE = "receive"
OURS_UNSYNCED, OURS = "proxy, sync off", "proxy"
STORESCP, ORTHANC, PYNETDICOM = "storescp", "Orthanc default", "pynetdicom AE"
SYNCED_LOOP = "bare synced loop, 4 threads"
ASSOCIATIONS = (1, 4)
SECONDS = (6.0, 1.0)  # of load per run: full, quick
# Who does not sync fills memory first, fast: of those each gets as many bytes as there is memory,
# unless that takes too long.
LASTING = (60.0, 1.0)
BYTES = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
AT_LEAST = 100

# As storescp has a process for each association.
A_PROCESS_A_CORE = {"RECEIVE__PROCESSES": str(os.cpu_count() or 1)}

PEERS: dict[str, driver.Launcher] = {
    STORESCP: dcmtk.storescp,
    OURS_UNSYNCED: partial(ours.receiver, proxy=ours.Proxy(sync=False, settings=A_PROCESS_A_CORE)),
    PYNETDICOM: stock_pynetdicom.launch,
    OURS: partial(ours.receiver, proxy=ours.Proxy()),
    ORTHANC: orthanc.default,
}
FAST = (STORESCP, OURS_UNSYNCED)  # enough to fill memory, without syncs
CALM = tuple(name for name in PEERS if name not in FAST)


def cell(kind: Kind, associations: int) -> str:
    return f"{kind.name}, {associations} association{'s' if associations > 1 else ''}"


def measure(plan: Plan, results: Results) -> None:
    # Those that fill memory come last: after them disk and memory are slower for a while.
    for names, lasting in ((CALM, ()), (FAST, (LASTING, BYTES))):
        for run, kind, associations in product(range(plan.runs), (CT, MR), ASSOCIATIONS):
            for name in rotated(names, run):
                work = partial(load, plan, PEERS[name], kind, associations, *lasting)
                record(results, SUITE, cell(kind, associations), name, run, work)
            if names is CALM and associations == synced_loop.THREADS:
                work = partial(synced_loop.measure, kind, plan.scaled(*SECONDS))
                record(results, SUITE, cell(kind, associations), SYNCED_LOOP, run, work)


def load(
    plan: Plan,
    launch: driver.Launcher,
    kind: Kind,
    associations: int,
    seconds: tuple[float, float] = SECONDS,
    most_bytes: int = 10**15,
) -> Measured:
    with Site() as site:
        port = launch(site)
        count, most = most_bytes // kind.size, plan.scaled(*seconds)
        load = Load(port, kind.name, count, associations, seconds=most, at_least=AT_LEAST)
        return driver.receive(site, load)
