"""The worklist as a process: asked by DCMTK's findscu and by pynetdicom over real associations."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom.sop_class import ModalityWorklistInformationFind  # type: ignore[attr-defined]

from standalone.sandbox.ups_sample import sample_worklist
from tests.support.peers import peer
from tests.support.ups_items import YAMADA, many
from tests.support.ups_query import query, settings
from tests.support.ups_scu import associated, pending, responses
from tests.support.ups_server import UpsServer
from tests.support.ups_worklist import serving

FINDSCU_PATIENCE = "20"  # s


@pytest.fixture
def server() -> Iterator[UpsServer]:
    with UpsServer([YAMADA]) as running:
        yield running


def findscu(port: int, folder: Path, *keys: str) -> list[Path]:
    """Files of the answers, in the order they came."""
    options = [option for key in keys for option in ("-k", key)]
    subprocess.run(
        [peer("findscu"), "-W", "-X", "-od", str(folder), "-ta", FINDSCU_PATIENCE, "127.0.0.1",
         str(port), *options],
        check=True,
        capture_output=True,
        timeout=30,
        env={**os.environ, "TCP_NODELAY": "1"},
    )  # fmt: skip
    return sorted(folder.glob("rsp*.dcm"))


STEPS = "ScheduledProcedureStepSequence[0]."


def test_findscu_gets_what_it_asks_for(server: UpsServer, tmp_path: Path) -> None:
    with serving(settings(server.workitems_uri)) as worklist:
        [answer] = findscu(
            worklist.port,
            tmp_path,
            "SpecificCharacterSet=ISO_IR 192",
            "PatientName=yam*",
            "PatientID",
            "StudyInstanceUID",
            STEPS + "Modality=CT",
            STEPS + "ScheduledProcedureStepStartDate=20240105",
        )

    found = dcmread(answer)
    assert str(found.PatientName) == "Yamada^Tarou=山田^太郎"
    assert found.StudyInstanceUID == "1.2.826.2.1"
    assert found.ScheduledProcedureStepSequence[0].Modality == "CT"


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        (["PatientName=DOE*"], 2),
        (["PatientName=doe^j?n*"], 1),
        ([STEPS + "Modality=MR"], 3),
        ([STEPS + "ScheduledStationAETitle=US01"], 2),
        ([STEPS + "Modality=CT", STEPS + "ScheduledStationAETitle=MR01"], 0),
        (["PatientID=SBX0005"], 1),
    ],
)
def test_findscu_gets_the_sample_worklist_of_the_sandbox(
    tmp_path: Path, keys: list[str], count: int
) -> None:
    items = sample_worklist(date(2026, 3, 14))
    with UpsServer(items) as server, serving(settings(server.workitems_uri)) as worklist:
        found = findscu(worklist.port, tmp_path, *keys)

    assert len(found) == count


def test_pynetdicom_gets_every_answer_and_then_success(server: UpsServer) -> None:
    server.fill(many(300))
    configured = settings(server.workitems_uri)
    with serving(configured) as worklist, associated(worklist.port) as association:
        for _ in range(2):
            *found, final = responses(association, query({"Modality": ""}))

            assert final == (0x0000, None)
            assert {status for status, _ in found} == {0xFF00}
            assert len({answer.PatientID for _, answer in found if answer}) == 300


def test_pynetdicom_may_cancel(server: UpsServer) -> None:
    server.fill(many(1000))
    configured = settings(server.workitems_uri)
    with serving(configured) as worklist, associated(worklist.port) as association:
        answers = pending(association, query({"Modality": ""}), message_id=7)
        next(answers)
        association.send_c_cancel(7, query_model=ModalityWorklistInformationFind)
        statuses = [status.Status for status, _ in answers]

    assert statuses[-1] in {0xFE00, 0x0000}  # all may have been sent before the cancel came
    assert set(statuses[:-1]) <= {0xFF00}


def run_worklist(tmp_path: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "worklist"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "DICOMWEB_PROXY_WORKLIST__HOST": "127.0.0.1",
            "DICOMWEB_PROXY_WORKLIST__PORT": "0",
            "DICOMWEB_PROXY_HEALTH__PORT": "0",
            **environment,
        },
    )


def test_the_program_starts_serves_and_ends_when_told(server: UpsServer, tmp_path: Path) -> None:
    process = run_worklist(tmp_path, DICOMWEB_PROXY_WORKLIST__URI=server.workitems_uri)
    assert process.stderr
    with process.stderr as log:
        assert "acceptor.started" in log.readline()
        process.send_signal(signal.SIGTERM)

        assert process.wait(15) == 0
        assert "worklist.stopped" in log.read()


def test_the_program_names_each_mistake_in_its_settings(tmp_path: Path) -> None:
    process = run_worklist(
        tmp_path,
        DICOMWEB_PROXY_WORKLIST__URI="http://127.0.0.1:1/workitems",
        DICOMWEB_PROXY_WORKLIST__FILTER='{"NoSuchKeyword": "x"}',
    )

    _, log = process.communicate(timeout=15)

    assert process.returncode == 2
    assert log == "worklist.filter: NoSuchKeyword: is no path of tags or keywords\n"


def test_a_port_that_is_taken_is_told_in_one_line(server: UpsServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        process = run_worklist(
            tmp_path,
            DICOMWEB_PROXY_WORKLIST__URI=server.workitems_uri,
            DICOMWEB_PROXY_WORKLIST__PORT=str(taken),
        )

        _, log = process.communicate(timeout=30)

    assert process.returncode == 1
    assert log.splitlines()[-1] == (
        f"worklist: cannot listen on 127.0.0.1:{taken}: Address already in use"
    )
