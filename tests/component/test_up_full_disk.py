"""A disk that fills under `up`: what waits there still leaves, and so makes room."""

import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from standalone import modality, study
from standalone.modality import Target
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.small_disk import SmallDisk, mounted_disk
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)  # a killed uploader, and a lease that has to end
DISK = 16 * 1024 * 1024  # bytes


@pytest.fixture
def made() -> list[Dataset]:
    return list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted_disk(folder, DISK) as made:
        yield made


def arrived(base: str, made: list[Dataset]) -> int:
    answer = httpx.get(f"{base}/studies/{made[0].StudyInstanceUID}/instances")
    return len(answer.json()) if answer.status_code == httpx.codes.OK else 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_full_disk_does_not_keep_the_embedded_index_from_emptying_it(
    tmp_path: Path, made: list[Dataset], disk: SmallDisk
) -> None:
    port = free_port()
    uri = f"http://127.0.0.1:{port}/studies"
    with proxy(disk.path, UPLOAD__URI=uri, UPLOAD__RETRY_CAP=1, LOG__LEVEL="info") as running:
        wait_until(lambda: "uploader.started" in running.logged(), 40, "the uploader to start")
        send(running.port, made[:18])
        disk.fill()
        os.kill(running.children()["uploader"], signal.SIGKILL)  # its next starts on a full disk
        with sandbox(tmp_path / "sandbox", f"--port={port}") as base:
            wait_until(lambda: arrived(base, made) == 18, 50, "all to arrive")


def test_a_proxy_that_starts_on_a_full_disk_takes_nothing_and_sends_what_it_has(
    tmp_path: Path, made: list[Dataset], disk: SmallDisk
) -> None:
    port = free_port()
    uri = f"http://127.0.0.1:{port}/studies"
    with proxy(disk.path, UPLOAD__URI=uri) as running:
        send(running.port, made[:9])
    disk.fill()

    with proxy(
        tmp_path / "log", UPLOAD__URI=uri, UPLOAD__RETRY_CAP=1, SPOOL__PATH=running.spool
    ) as running:
        target = Target("127.0.0.1", running.port)
        contexts = [modality.context(str(made[0].SOPClassUID), ExplicitVRLittleEndian)]
        with modality.association(target, contexts) as association:
            assert modality.store(association, made[9]) == 0xA700
        with sandbox(tmp_path / "sandbox", f"--port={port}") as base:
            wait_until(lambda: arrived(base, made) == 9, 50, "all to arrive")
