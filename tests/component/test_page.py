"""`dicomweb-proxy page` beside a proxy that runs: counts, and nothing that names anything."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydicom.dataset import Dataset

from standalone import study
from standalone.ready import Announced
from tests.support.ports import free_port
from tests.support.proxy import environment, proxy
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.waiting import wait_until


@contextlib.contextmanager
def page(folder: Path, uri: str) -> Iterator[httpx.Client]:
    with (folder / "page.log").open("ab") as output:
        process = Announced(
            [sys.executable, "-m", "standalone.cli", "page", "--port=0"],
            environment=environment(folder, UPLOAD__URI=uri),
            output=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        base = process.wait_ready(30)
        assert base, (folder / "page.log").read_text()
        with httpx.Client(base_url=base, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        assert process.wait(10) == 0


def made() -> list[Dataset]:
    return list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5]


def counts(client: httpx.Client) -> dict[str, str]:
    return dict(client.get("/state").json()["counts"])


def test_it_counts_what_was_stored(tmp_path: Path) -> None:
    with sandbox(tmp_path / "sandbox") as base:
        uri = f"{base}/studies"
        with proxy(tmp_path, UPLOAD__URI=uri) as running, page(tmp_path, uri) as client:
            send(running.port, made())
            wait_until(lambda: counts(client)["Stored"] == "5", 20, "all to be stored")

            wait_until(lambda: "Nothing waits" in client.get("/").text, 20, "an empty spool")


def test_it_says_that_a_destination_is_held_and_names_nothing(tmp_path: Path) -> None:
    port, sent = free_port(), made()
    uri = f"http://127.0.0.1:{port}/studies"
    with proxy(tmp_path, UPLOAD__URI=uri) as running, page(tmp_path, uri) as client:
        send(running.port, sent)
        wait_until(lambda: "destinations are held" in client.get("/").text, 20, "the hold")
        shown = client.get("/").text + client.get("/state").text

        assert counts(client)["Instances in the spool"] == "5"
    named = [str(each.SOPInstanceUID) for each in sent] + [str(sent[0].PatientID), str(port)]
    assert not [each for each in named if each in shown]


def test_nothing_inline_is_allowed_or_wanted(tmp_path: Path) -> None:
    with page(tmp_path, f"http://127.0.0.1:{free_port()}/studies") as client:
        for path in ("/", "/state", "/page.css", "/page.js"):
            policy = client.get(path).raise_for_status().headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
        shown = client.get("/").text

    assert "<style" not in shown
    assert "onclick" not in shown
    assert "Redis is not running" in shown
