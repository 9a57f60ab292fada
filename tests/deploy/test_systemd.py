"""The systemd units: valid, and exposed no more than a service of two sockets must be."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.peers import peer
from tests.support.settings_reference import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
PROGRAM = "/opt/dicomweb-proxy/.venv/bin/python"
EXPOSURE = 20  # of 100, as `systemd-analyze security` counts; a unit that says nothing has 96


@pytest.fixture(params=UNITS, ids=lambda path: path.stem)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit whose program exists here."""
    source: Path = request.param
    text = source.read_text("utf-8").replace(PROGRAM, sys.executable)
    text = text.replace("WorkingDirectory=/opt/dicomweb-proxy", f"WorkingDirectory={ROOT}")
    (tmp_path / source.name).write_text(text, "utf-8")
    return tmp_path / source.name


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer("systemd-analyze"), *words], check=False, capture_output=True, text=True
    )


def test_the_unit_is_valid(unit: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))

    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_unit_is_hardened(unit: Path) -> None:
    done = analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", str(unit))

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_there_is_a_unit_for_each_service() -> None:
    names = {path.stem for path in UNITS}

    assert names == {
        f"dicomweb-proxy-{name}" for name in ("receiver", "uploader", "worklist", "page")
    }


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_configuration_that_cannot_be_used_is_not_tried_again(path: Path) -> None:
    assert "RestartPreventExitStatus=2" in path.read_text("utf-8").splitlines()
