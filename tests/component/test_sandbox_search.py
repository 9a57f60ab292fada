"""QIDO-RS, metadata and the pages of the sandbox, over HTTP."""

import io
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset

from standalone import study
from tests.support.sandbox import sandbox

CANARY = "PHANTOM"  # part of the study's patient name


@pytest.fixture(scope="module")
def made() -> list[Dataset]:
    return list(study.instances(datetime(2026, 11, 24, 9, 30, tzinfo=UTC)))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, made: list[Dataset]) -> Iterator[httpx.Client]:
    with (
        sandbox(tmp_path_factory.mktemp("sandbox")) as base,
        httpx.Client(base_url=base) as client,
    ):
        for instance in made:
            buffer = io.BytesIO()
            dcmwrite(buffer, instance, enforce_file_format=True)
            answer = client.post(
                "/studies",
                content=buffer.getvalue(),
                headers={"Content-Type": "application/dicom"},
            )
            assert answer.status_code == 200
        yield client


def test_a_study_is_found_with_what_belongs_to_it(
    client: httpx.Client, made: list[Dataset]
) -> None:
    [found] = client.get("/studies", params={"PatientName": "demo*"}).json()

    assert found["0020000D"]["Value"] == [made[0].StudyInstanceUID]
    assert found["00080061"]["Value"] == ["CT", "MR"]
    assert found["00201206"]["Value"] == [2]
    assert found["00201208"]["Value"] == [len(made)]


@pytest.mark.parametrize(
    ("path", "parameters", "count"),
    [
        ("/studies", {"StudyDate": "20261101-20261130"}, 1),
        ("/studies", {"ModalitiesInStudy": "MR"}, 1),
        ("/series", {"Modality": "CT"}, 1),
        ("/studies/{study}/series", {}, 2),
        ("/studies/{study}/series", {"00080060": "MR"}, 1),
        ("/studies/{study}/instances", {}, 36),
        ("/instances", {"limit": "5"}, 5),
        ("/instances", {"offset": "30"}, 6),
        ("/instances", {"InstanceNumber": "1"}, 2),
        ("/instances", {"includefield": "all", "Modality": "CT"}, 20),
    ],
)
def test_a_search_gives_what_matches(
    client: httpx.Client,
    made: list[Dataset],
    path: str,
    parameters: dict[str, str],
    count: int,
) -> None:
    answer = client.get(path.format(study=made[0].StudyInstanceUID), params=parameters)

    assert answer.headers["Content-Type"] == "application/dicom+json"
    assert len(answer.json()) == count


@pytest.mark.parametrize("parameters", [{"StudyDate": "2025"}, {"PatientID": "NOBODY"}])
def test_no_match_is_204(client: httpx.Client, parameters: dict[str, str]) -> None:
    assert client.get("/studies", params=parameters).status_code == 204


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=%C2%B2", "PixelData=1", "x=y"])
def test_a_search_that_cannot_be_made_is_400(client: httpx.Client, query: str) -> None:
    assert client.get(f"/studies?{query}").status_code == 400


def test_metadata_holds_everything_but_bulk_data(client: httpx.Client, made: list[Dataset]) -> None:
    found = client.get(f"/studies/{made[0].StudyInstanceUID}/metadata").json()

    assert len(found) == len(made)
    assert found[0]["00280010"]["Value"] == [made[0].Rows]
    assert all("7FE00010" not in each for each in found)


@pytest.mark.parametrize(
    "path", ["/studies/1.2", "/studies/1.2/series/1.3/instances/1.4", "/studies/1.2/metadata"]
)
def test_what_is_not_held_is_404(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "accept",
    [
        "image/jpeg",
        'multipart/related; type="image/jpeg"',
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50',
    ],
)
def test_what_it_cannot_make_is_406(client: httpx.Client, made: list[Dataset], accept: str) -> None:
    path = f"/studies/{made[0].StudyInstanceUID}"

    assert client.get(path, headers={"Accept": accept}).status_code == 406


def test_the_front_page_says_what_it_is_and_names_no_patient(client: httpx.Client) -> None:
    page = client.get("/")

    assert "This is not an archive" in page.text
    assert "<td>36</td>" in page.text
    assert CANARY not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_front_page_names_the_ports_of_who_runs_it(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = client.get("/").text
    assert "dicomweb-proxy up" in alone
    assert "localhost 4008\n" in alone

    monkeypatch.setenv("SANDBOX_TRY_RECEIVER", "104")
    monkeypatch.setenv("SANDBOX_TRY_WORKLIST", "105")
    with sandbox(tmp_path / "composed") as base:
        composed = httpx.get(base).text

    assert "localhost 104 image.dcm" in composed
    assert "localhost 105\n" in composed
    assert "dicomweb-proxy up" not in composed


def test_health_and_every_answer_say_sandbox(client: httpx.Client) -> None:
    assert client.get("/livez").json()["sandbox"] == "SANDBOX: not an archive"
    assert client.get("/readyz").json()["instances"] == 36
    assert client.get("/nowhere").headers["Server"] == "SANDBOX-not-an-archive"


def test_it_listens_on_loopback_and_ends_quietly_with_its_log_free_of_names(
    tmp_path: Path,
) -> None:
    with sandbox(tmp_path) as base:
        assert base.startswith("http://127.0.0.1:")
        assert httpx.get(f"{base}/studies", params={"PatientName": CANARY}).status_code == 204
    log = (tmp_path / "log").read_text()

    assert "SANDBOX: not an archive" in log
    assert "sandbox.stopped" in log
    assert CANARY not in log


def test_a_taken_port_is_one_clear_line_and_exit_code_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "standalone.sandbox", f"--port={port}", f"--path={tmp_path}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )

    assert ended.returncode == 1
    assert ended.stderr == (f"sandbox: cannot listen on 127.0.0.1:{port}: Address already in use\n")


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = subprocess.run(
        [sys.executable, "-m", "standalone.sandbox", "--port=0", f"--path={tmp_path / 'file'}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)


def test_interrupting_it_is_an_ordinary_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "standalone.sandbox", "--port=0", f"--path={tmp_path}"],
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr
        process.stderr.readline()
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0
        assert b"Traceback" not in process.stderr.read()
