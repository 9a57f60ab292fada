"""Associations: one for each instance, a thousand that are idle, hundreds that never speak."""

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench import driver
from bench.instances import EXPLICIT_VR_LITTLE_ENDIAN, MR, SMALL
from bench.load import Load
from bench.peers import dcmtk, orthanc, ours, stock_pynetdicom
from bench.plan import Measured, Plan, record, rotated
from bench.results import Results
from bench.site import Site
from bench.upper_layer import associate_rq, connect, open_association

SUITE = "associations"
ONE_EACH, IDLE, ALONE, BESIDE = (
    "an instance on each",
    "1000 idle",
    "a good client, alone",
    "a good client, beside 250 bad ones",
)
OURS = "proxy, sync off"
CLIENTS = 8
SECONDS = (2.0, 1.0)  # of load per run: full, quick
IDLE_SECONDS = (5.0, 3.0)
IDLE_ASSOCIATIONS = 1000
HALF_OPEN, TRICKLES = 200, 50  # sockets that send nothing, or a byte each second
FILES = 4096  # descriptors that this process and its children may open
TIMEOUT = 60.0

LIMITS = ("MAX_ASSOCIATIONS", "MAX_ASSOCIATIONS_PER_AE", "MAX_ASSOCIATIONS_PER_ADDRESS")
SETTINGS = {f"RECEIVE__{limit}": "2000" for limit in LIMITS}
PROXY = partial(ours.receiver, proxy=ours.Proxy(sync=False, settings=SETTINGS))
PEERS: dict[str, driver.Launcher] = {
    OURS: PROXY,
    "storescp": dcmtk.storescp,
    "Orthanc tuned, no sync": orthanc.tuned_unsynced,
    "pynetdicom AE": stock_pynetdicom.launch,
}


def measure(plan: Plan, results: Results) -> None:
    allow_files(FILES)
    for run in range(plan.runs):
        for name in rotated(tuple(PEERS), run):
            work = partial(_one_each, plan, PEERS[name])
            record(results, SUITE, ONE_EACH, name, run, work)
        record(results, SUITE, IDLE, OURS, run, partial(_idle, plan))
        record(results, SUITE, ALONE, OURS, run, partial(_good_client, plan, bad=False))
        record(results, SUITE, BESIDE, OURS, run, partial(_good_client, plan, bad=True))


def _one_each(plan: Plan, launch: driver.Launcher) -> Measured:
    with Site() as site:
        seconds = plan.scaled(*SECONDS)
        load = Load(launch(site), SMALL.name, 10**6, CLIENTS, seconds=seconds, one_each=True)
        figures = driver.receive(site, load)
    return {"associations_per_s": figures.pop("instances_per_s"), **figures}


def _idle(plan: Plan) -> Measured:
    request = associate_rq("BENCH", "IDLE", [(SMALL.sop_class, (EXPLICIT_VR_LITTLE_ENDIAN,))])
    seconds = plan.scaled(*IDLE_SECONDS)
    with Site() as site, ExitStack() as held:
        port = PROXY(site)
        for _ in range(IDLE_ASSOCIATIONS):
            open_association(held.enter_context(connect(port, TIMEOUT)), request)
        with site.usage("receiver") as usage:
            time.sleep(seconds)
        return {"cpu_percent": 100 * usage.cpu / seconds, "receiver_rss_mb": usage.peak}


def _good_client(plan: Plan, *, bad: bool) -> Measured:
    with Site() as site:
        port = PROXY(site)
        load = Load(port, MR.name, 10**6, seconds=plan.scaled(*SECONDS), pause=0.005)
        with bad_clients(port, (HALF_OPEN, TRICKLES) if bad else (0, 0)):
            return driver.receive(site, load)


@contextmanager
def bad_clients(port: int, numbers: tuple[int, int]) -> Iterator[None]:
    """Sockets that say nothing, and others that say a byte of a request each second."""
    half_open, trickles = numbers
    request = associate_rq("BENCH", "SLOW", [(SMALL.sop_class, (EXPLICIT_VR_LITTLE_ENDIAN,))])
    done = threading.Event()
    with ExitStack() as held:
        sockets = [held.enter_context(connect(port, TIMEOUT)) for _ in range(half_open + trickles)]
        thread = threading.Thread(target=_trickle, args=(sockets[half_open:], request, done))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _trickle(sockets: list[socket.socket], request: bytes, done: threading.Event) -> None:
    for byte in request:
        for each in list(sockets):
            try:
                each.send(bytes([byte]))
            except OSError:
                sockets.remove(each)  # the acceptor has had enough of it, as it may
        if done.wait(1):
            return


def allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
