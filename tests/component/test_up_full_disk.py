"""A disk that fills under `up`: what waits there still leaves, and so makes room."""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from standalone import study
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.small_disk import StandIn, small_disk
from tests.support.waiting import wait_until

DISK = 16 * 1024 * 1024  # bytes


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_full_disk_does_not_keep_the_embedded_index_from_emptying_it(tmp_path: Path) -> None:
    made = list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))
    port = free_port()
    folder = tmp_path / "disk"
    folder.mkdir()
    with (
        small_disk(folder, DISK) as disk,
        proxy(
            folder,
            UPLOAD__URI=f"http://127.0.0.1:{port}/studies",
            UPLOAD__RETRY_CAP=1,
            LOG__LEVEL="info",
        ) as running,
    ):
        if isinstance(disk, StandIn):
            pytest.skip("may not mount a small disk")
        wait_until(lambda: "uploader.started" in running.logged(), 40, "the uploader to start")
        send(running.port, made[:18])
        disk.fill()
        os.kill(
            running.children()["uploader"], signal.SIGKILL
        )  # its next one starts on a full disk
        with sandbox(tmp_path / "sandbox", f"--port={port}") as base:

            def arrived() -> int:
                answer = httpx.get(f"{base}/studies/{made[0].StudyInstanceUID}/instances")
                return len(answer.json()) if answer.status_code == httpx.codes.OK else 0

            wait_until(lambda: arrived() == 18, 50, "all to arrive")
