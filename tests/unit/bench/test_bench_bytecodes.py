"""The bench counts bytecodes of the receiver alone, in each thread, and the same each time."""

import asyncio
import sys
from pathlib import Path

import pytest

from bench import bytecodes
from bench.instances import SMALL
from bench.peers.ours import PREFIX

if not sys.platform.startswith("linux"):
    pytest.skip("segments are kept on Linux alone", allow_module_level=True)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPOOL__PATH", "SPOOL__SYNC", "UPLOAD__URI"):
        monkeypatch.setenv(f"{PREFIX}{name}", "")  # put back afterwards


def counted(folder: Path, *, sync: bool) -> bytecodes.Counts:
    folder.mkdir()
    counts, number = asyncio.run(bytecodes.count(SMALL, folder, sync=sync))
    assert number == bytecodes.ASSOCIATIONS * bytecodes.COUNTED
    return counts


def test_it_counts_what_an_instance_takes_and_the_same_each_time(tmp_path: Path) -> None:
    first, second = (counted(tmp_path / each, sync=False) for each in ("first", "second"))
    number = bytecodes.ASSOCIATIONS * bytecodes.COUNTED

    assert first.bytecodes.total() == pytest.approx(second.bytecodes.total(), rel=0.02)
    assert first.calls["MainThread", "receiver/store.py", "begin"] == number
    assert {file.split("/")[0] for _, file, _ in first.calls} == {"receiver", "shared"}


def test_with_syncs_the_thread_that_commits_is_counted_too(tmp_path: Path) -> None:
    counts = counted(tmp_path / "spool", sync=True)

    assert {thread for thread, _, _ in counts.bytecodes} >= {"MainThread", "segments"}
