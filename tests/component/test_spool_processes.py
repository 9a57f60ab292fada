"""Several processes on one spool, some of which die."""

import os
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

from shared.entry import Entry
from tests.support.spools import files_below, keep, open_spool
from tests.support.waiting import wait_until

KEEPER = """
    import sys
    from pathlib import Path
    from tests.support.spools import keep, open_spool

    spool = open_spool(Path(sys.argv[1]))
    half = spool.receive()
    half.write(b"never complete")
    for number in range(int(sys.argv[2])):
        [entry] = keep(spool, f"{number}".encode() * 1000)
        print(entry.path, flush=True)
"""


def keeper(spool: Path, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KEEPER), str(spool), str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_start_together_keep_all_and_leave_nothing(tmp_path: Path) -> None:
    keepers = [keeper(tmp_path, 20) for _ in range(4)]
    told = [line.strip() for each in keepers for line in each.communicate(timeout=50)[0].split()]

    assert [each.returncode for each in keepers] == [0] * 4
    assert len(told) == 80
    spool = open_spool(tmp_path)  # drops what they had not completed
    assert files_below(tmp_path) == set(told)
    assert {each.path for each in spool.scan("cloud")} == set(told)


def test_what_a_process_said_it_kept_is_there_after_its_violent_end(tmp_path: Path) -> None:
    with keeper(tmp_path, 100_000) as victim:
        assert victim.stdout
        told = [victim.stdout.readline().strip() for _ in range(50)]
        os.kill(victim.pid, signal.SIGKILL)
        told += victim.stdout.read().split()

    spool = open_spool(tmp_path)
    there = {entry.path for entry in spool.scan("cloud")}
    complete = [path for path in told if path.endswith(".dcm")]  # the last line may be cut short
    assert set(complete) <= there
    assert len(there) <= len(complete) + 1
    assert files_below(tmp_path) == there
    assert all(spool.file(Entry.at(path)).stat().st_size == Entry.at(path).size for path in there)


def test_a_scan_of_many_needs_no_more_memory_than_one_of_few(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, sync=False)
    [first] = keep(spool, b"12345")
    parent = spool.file(first).parent.parent

    def scanned() -> tuple[int, int]:
        tracemalloc.start()
        count = sum(1 for _ in spool.scan("cloud"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return count, peak

    def fill(folders: range) -> None:
        for number in folders:
            folder = parent / f"2026010100{number:04}"
            folder.mkdir()
            for file in range(1000):
                (folder / f"{number * 1000 + file:024x}~5.dcm").touch()

    fill(range(1))
    few, little = scanned()
    fill(range(1, 20))
    many, much = scanned()

    assert (few, many) == (1001, 20001)
    assert much < 1.5 * little


def test_a_flood_is_spread_over_small_folders(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, sync=False)
    [first] = keep(spool, b"first")
    [folder] = spool._folders._current.values()
    folder.taken = 4096
    begun = folder.path

    def begins_another() -> bool:
        """Folders are named by the second."""
        [entry] = keep(spool, b"another")
        [current] = spool._folders._current.values()
        current.taken = 4096
        return not entry.path.startswith(f"{begun}/")

    wait_until(begins_another, 10, "another folder")

    kept = list(spool.scan("cloud"))
    assert kept[0] == first
    assert [each.received for each in kept] == sorted(each.received for each in kept)
