"""Segments that several processes use at once: none loses what another one keeps."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from shared import growing, pool, removal, segment
from shared.record import length_of
from shared.spool_check import Kind, check
from tests.support.segmented import gathering
from tests.support.spools import open_spool
from tests.unit.shared.test_segments import read


def test_a_new_segment_is_locked_whoever_tidies(tmp_path: Path) -> None:
    """Else it would be removed while it is appended to."""
    ended = threading.Event()

    def tidying() -> None:
        while not ended.is_set():
            removal.remove_done(tmp_path)

    tidiers = [threading.Thread(target=tidying) for _ in range(2)]
    for each in tidiers:
        each.start()
    had = 0
    try:
        for number in range(2000):
            file = tmp_path / f"{number}.seg"
            try:
                mine = segment.create_locked(str(file), 0o640)
            except FileExistsError:
                continue
            other = os.open(file, os.O_RDWR)
            assert not segment.lock(other)
            os.close(other)
            os.close(mine)
            had += 1
    finally:
        ended.set()
        for each in tidiers:
            each.join()
    assert had


REMOVER = """
    import sys
    from pathlib import Path
    from shared import pool, removal
    from shared.entry import Entry
    from tests.support.spools import open_spool

    pool.SMALLEST = 0
    spool = open_spool(Path(sys.argv[1]))
    parent = spool.root / "cloud" / "routine"
    print("ready", flush=True)
    while True:
        for entry in spool.scan("cloud"):
            if entry.size % 2:
                removal.remove(spool.file(entry))
        removal.remove_done(parent)
"""


def test_no_record_is_lost_to_others_that_remove_and_tidy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments of two records each come and go, and are written again; those of an even size must
    all stay, whoever is stopped in the middle of something meanwhile.
    """
    monkeypatch.setattr(growing, "CAPACITY", 2 * length_of(8))
    monkeypatch.setattr(pool, "SMALLEST", 0)
    open_spool(tmp_path).close()
    removers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(REMOVER), str(tmp_path)], stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    chance = random.Random(1)
    files = set()
    try:
        for each in removers:
            assert each.stdout
            assert each.stdout.readline() == b"ready\n"
        with gathering(tmp_path) as own:
            entries = []
            for n in range(1500):
                entries.append(own.keep(f"{n:07}{'x' if n % 5 == 0 else ''}".encode()))
                with suppress(FileNotFoundError):
                    files.add(own.segment(entries[-1]).stat().st_ino)
                told = chance.choice((signal.SIGSTOP, signal.SIGCONT))
                chance.choice(removers[1:]).send_signal(told)
            stay = [each for each in entries if each.size % 2 == 0]
            assert all(each.poll() is None for each in removers)
    finally:
        for each in removers:
            each.kill()
            each.communicate()
    found = list(own.spool.scan("cloud"))
    assert set(stay) <= set(found)
    assert {read(own, each)[:7] for each in stay} == {f"{n:07}".encode() for n in range(0, 1500, 5)}
    assert len(files) < len({own.segment(each) for each in entries}), "some were written again"
    assert {each.kind for each in check(own.spool, ["cloud"])} <= {Kind.TRUNCATED, Kind.UNREADABLE}
