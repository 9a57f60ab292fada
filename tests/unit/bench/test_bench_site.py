"""What surrounds a measurement."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.backlog import fill
from bench.site import Missing, clean_environment, program
from bench.usage import Usage
from shared.entry import Entry


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(Missing, match=r"no-such-program is not installed \(Debian package x\)"):
        program("no-such-program", "x")


def test_settings_of_the_user_do_not_reach_what_is_measured() -> None:
    assert not [name for name in clean_environment() if name.startswith("DICOMWEB_PROXY_")]


def test_a_backlog_is_one_that_the_spool_takes_for_its_own(tmp_path: Path) -> None:
    fill(tmp_path / "spool", 5000)

    found = list((tmp_path / "spool").rglob("*.dcm"))
    entries = [Entry.at(str(file.relative_to(tmp_path / "spool"))) for file in found]
    assert len(entries) == 5000
    assert {entry.size for entry in entries} == {found[0].stat().st_size}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="usage is read from /proc")
def test_usage_counts_the_children_of_a_process() -> None:
    nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(10**7))'])"
    child = subprocess.Popen([sys.executable, "-c", nested])
    with Usage({"child": child.pid}) as usage:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    child.wait()

    assert usage.cpu > 0.05
    assert usage.peaks["child"] > 1
