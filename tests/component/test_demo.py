"""`dicomweb-proxy demo`, as a newcomer runs it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.status_page import Visit
from tests.support.waiting import wait_until

NOWHERE = """
import sys, tempfile
from standalone.cli import main
tempfile.tempdir = "/nowhere"
sys.exit(main(["demo"]))
"""
COMMAND = [sys.executable, "-m", "standalone.cli", "demo"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **more}


def demo(given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        COMMAND, env=given, check=False, capture_output=True, text=True, timeout=55
    )


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def test_the_demo_shows_both_directions_and_leaves_nothing(temporary: Path) -> None:
    ended = demo(environment(temporary))

    assert ended.returncode == 0, ended.stderr
    assert "All 36 instances arrived unchanged; 8 procedure steps found." in ended.stdout
    assert "DOE^JANE" in ended.stdout
    assert "\r" not in ended.stdout  # progress is plain where there is no terminal
    assert not list(temporary.iterdir())


def test_a_folder_for_temporary_files_that_lies_deep_is_good_enough(tmp_path: Path) -> None:
    """A socket's path has about 100 bytes."""
    deep = tmp_path / ("a" * 40) / ("b" * 40)
    deep.mkdir(parents=True)

    ended = demo(environment(deep))

    assert ended.returncode == 0, ended.stderr


def test_settings_of_the_machine_do_not_reach_the_demo(temporary: Path) -> None:
    ended = demo(
        environment(temporary, DICOMWEB_PROXY_UPLOAD__URI="https://archive.invalid/studies")
    )

    assert ended.returncode == 0, ended.stderr


def test_kept_it_tells_how_to_try_it_and_ends_with_everything(temporary: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--keep"], env=environment(temporary), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        told = {}
        for line in process.stdout:
            if line.startswith("  the sandbox"):
                told["sandbox"] = line.split()[-1]
            if line.startswith("  the status page"):
                told["page"], told["password"] = line.split()[3], line.split()[-1].rstrip(")")
            if line.startswith("  dicomweb-proxy worklist"):
                break
        held = httpx.get(f"{told['sandbox']}readyz").json()["instances"]
        with Visit(told["page"]) as visit:
            visit.log_in("demo", told["password"])
            assert "Logged in as demo" in visit.text()
            # Services tell what they counted every few seconds.
            wait_until(lambda: "36 came in, 36 went out" in visit.text(), 30, "the chart")

        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0

    assert held == 36
    assert not list(temporary.iterdir())
    with pytest.raises(httpx.ConnectError):
        httpx.get(told["sandbox"])


def test_without_a_place_for_its_folder_it_says_so_in_one_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NOWHERE],
        check=False,
        capture_output=True,
        text=True,
        timeout=55,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("dicomweb-proxy: /nowhere/")
    assert len(ended.stderr.splitlines()) == 1
