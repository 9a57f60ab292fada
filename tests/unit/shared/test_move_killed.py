"""Whoever moves an instance is killed at any step: none is lost, and moved again there is one."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.segmented import gathering
from tests.support.spools import content, keep, open_spool

DATA = bytes(range(256)) * 20
MOVE = """
import os, signal, sys
from pathlib import Path
from shared.spool import Spool
from shared.spool_sections import SpoolSettings

steps, last = 0, int(sys.argv[2])

def in_ours(frame, event, argument):
    global steps
    if event == "call":
        return in_ours if "/shared/" in frame.f_code.co_filename else None
    steps += event == "line"
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return in_ours

spool = Spool(SpoolSettings(path=Path(sys.argv[1]), soft_reserve=0, hard_reserve=0))
[entry] = spool.scan("old")
sys.settrace(in_ours)
spool.move(entry, "new")
sys.settrace(None)
print(steps)
"""


def in_a_file(root: Path) -> None:
    spool = open_spool(root)
    keep(spool, DATA, ["old"])
    spool.close()


def in_a_segment(root: Path) -> None:
    with gathering(root) as own:
        own.keep(DATA, to="old")


def moved(root: Path, last: int) -> subprocess.CompletedProcess[str]:
    """By a process that is killed at that step."""
    return subprocess.run(
        [sys.executable, "-c", MOVE, str(root), str(last)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kept", [in_a_file, in_a_segment])
def test_none_is_lost_and_moved_again_there_is_one(
    tmp_path: Path, kept: Callable[[Path], None]
) -> None:
    kept(tmp_path / "seed")
    shutil.copytree(tmp_path / "seed", tmp_path / "whole")
    steps = int(moved(tmp_path / "whole", -1).stdout)

    for last in range(1, steps + 1, max(1, steps // 9)):
        root = tmp_path / str(last)
        shutil.copytree(tmp_path / "seed", root)
        assert moved(root, last).returncode == -signal.SIGKILL
        found = here(root)
        assert found
        assert all(content(each) == DATA for each in found), "whole wherever it is"
        if any("/old/" in str(each) for each in found):
            assert moved(root, -1).returncode == 0
        [one] = here(root)
        assert "/new/" in str(one)
        assert content(one) == DATA


def here(root: Path) -> list[Path]:
    """In either destination."""
    spool = open_spool(root)
    try:
        return [spool.file(each) for name in ("old", "new") for each in spool.scan(name)]
    finally:
        spool.close()
