"""What receiver and worklist count, in however many processes."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.data_sets import data_set
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.raw_association import RawAssociation, c_store_rq
from tests.support.scraping import scrape
from tests.support.ups_items import YAMADA
from tests.support.ups_query import query
from tests.support.ups_scu import associated, responses
from tests.support.ups_server import UpsServer
from tests.support.waiting import wait_until

PROCESSES = 3
PATIENCE = 30.0  # seconds


def service(module: str, folder: Path, **more: object) -> Service:
    return Service(
        module,
        folder,
        {
            "RECEIVE__HOST": "127.0.0.1",
            "HEALTH__HOST": "127.0.0.1",
            "REDIS__URL": "redis://127.0.0.1:9/0",
            "SPOOL__PATH": folder / "spool",
            "SPOOL__SOFT_RESERVE": 0,
            "SPOOL__HARD_RESERVE": 0,
            **more,
        },
    )


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture
def receiver(tmp_path: Path, ports: tuple[int, int]) -> Iterator[Service]:
    with service(
        "receiver",
        tmp_path,
        UPLOAD__URI="http://127.0.0.1:9/studies",
        RECEIVE__PORT=ports[0],
        RECEIVE__PROCESSES=PROCESSES,
        HEALTH__PORT=ports[1],
    ) as running:
        running.wait_ready()
        wait_until(
            lambda: len(running.events("receiver.started")) == PROCESSES, PATIENCE, "all to start"
        )
        yield running


def store(port: int, times: int, data: bytes, rq: bytes | None = None) -> None:
    for _ in range(times):  # an association each, so that the kernel deals them out
        with RawAssociation(port) as modality:
            modality.associate()
            modality.store(data, rq=rq)
            modality.release()


def test_several_processes_count_together_and_a_dead_one_is_not_forgotten(
    receiver: Service, ports: tuple[int, int]
) -> None:
    store(ports[0], 24, data_set())
    store(ports[0], 3, data_set(instance=None), c_store_rq(b""))
    # A peer has the answer to its release a moment before it is counted.
    wait_until(lambda: scrape(ports[1])["associations", ()] == 0, PATIENCE, "the last to be over")
    found = scrape(ports[1])
    assert found["received_total", ()] == 24
    assert found["received_bytes_total", ()] > 24 * len(data_set())
    assert found["refused_total", ("0117",)] == 3
    assert found["check", ("spool",)] == 1
    assert found["receive_seconds_count", ()] == found["sync_seconds_count", ()] == 24
    assert found["receive_seconds_bucket", ("+Inf",)] == 24
    assert 0 < found["sync_seconds_sum", ()] <= found["receive_seconds_sum", ()]
    assert found["associations", ()] == 0
    assert found["associations_ended_total", ("released",)] == 27

    os.kill(max(receiver.children), signal.SIGKILL)
    wait_until(
        lambda: len(receiver.events("receiver.started")) > PROCESSES, PATIENCE, "a new process"
    )
    store(ports[0], 12, data_set())
    assert scrape(ports[1])["received_total", ()] == 36


def test_associations_that_a_killed_process_had_are_open_no_more(
    receiver: Service, ports: tuple[int, int]
) -> None:
    with ExitStack() as stack:
        for _ in range(12):  # so that the kernel gives each process some
            modality = stack.enter_context(RawAssociation(ports[0]))
            modality.associate()
        assert scrape(ports[1])["associations", ()] == 12
        os.kill(max(receiver.children), signal.SIGKILL)
        wait_until(lambda: 0 < scrape(ports[1])["associations", ()] < 12, PATIENCE, "it to be seen")


def test_broken_associations_are_counted(receiver: Service, ports: tuple[int, int]) -> None:
    with RawAssociation(ports[0]) as modality:
        modality.associate()
        modality.send(b"\x63\x00\x00\x00\x00\x04\x00\x00\x00\x00")
        wait_until(
            lambda: scrape(ports[1])["associations_ended_total", ("other",)] == 1, PATIENCE, "it"
        )
    assert receiver.events("association.faulty")
    assert scrape(ports[1])["associations_refused_total", ("2.3.1",)] == 0


def test_the_worklist_counts_queries_by_their_end(tmp_path: Path, ports: tuple[int, int]) -> None:
    with (
        UpsServer([YAMADA]) as server,
        service(
            "worklist",
            tmp_path,
            WORKLIST__URI=server.workitems_uri,
            WORKLIST__HOST="127.0.0.1",
            WORKLIST__PORT=ports[0],
            HEALTH__PORT=ports[1],
        ) as running,
    ):
        running.wait_ready()
        assert running.ready()[1]["checks"] == {"listening": "ok"}
        with associated(ports[0]) as association:
            for key in ("P1", "P2"):
                responses(association, query(PatientID=key))

        found = scrape(ports[1])
    assert found["worklist_queries_total", ("0000",)] == 2
    assert found["worklist_matches_total", ()] == 1
    assert found["worklist_query_seconds_sum", ()] > 0
    assert found["worklist_query_seconds_count", ()] == 2
    assert found["worklist_upstream_seconds_count", ()] >= 2
    assert found["worklist_upstream_faults_total", ()] == 0
    assert found["worklist_dropped_total", ("unscheduled",)] == 0
