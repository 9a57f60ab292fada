"""Segments that wait to be written again take little space, and not for long."""

import os
import time
from pathlib import Path

import pytest

from shared import growing, pool, scan, segment
from tests.support.segmented import Gathering, gathering
from tests.support.small_disk import mounted_disk
from tests.support.spools import open_spool
from tests.unit.shared.test_pool import content, fill, read, waiting

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances to a segment."""
    monkeypatch.setattr(growing, "CAPACITY", 2 * MEBIBYTE)


def test_what_waits_goes_before_long_and_at_the_next_start(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        own.spool.release_all(dict.fromkeys(fill(own, 3)[:2]))
        own.spool.tidy()
        assert waiting(tmp_path)
        pool.empty(tmp_path, before=time.time() - 60)
        assert waiting(tmp_path)
        pool.empty(tmp_path, before=time.time() + 1)
        assert waiting(tmp_path) == set()
        own.spool.release_all(dict.fromkeys(fill(own, 4)))
        assert waiting(tmp_path)
    open_spool(tmp_path).close()
    assert waiting(tmp_path) == set()


def test_no_more_wait_than_there_are_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "SLOTS", 2)
    with gathering(tmp_path) as own:
        entries = fill(own, 9)
        own.spool.release_all(dict.fromkeys(entries[:8]))
        assert len(waiting(tmp_path)) == 2
        assert [each.name for each in own.segment(entries[8]).parent.iterdir()] == [
            own.segment(entries[8]).name
        ]


def test_where_space_is_scarce_none_waits_and_each_gives_back_its_own(tmp_path: Path) -> None:
    with mounted_disk(tmp_path, 16 * MEBIBYTE), gathering(tmp_path) as own:
        entries = fill(own, 3)
        before = os.statvfs(tmp_path).f_bavail

        own.spool.release(entries[0])

        assert os.statvfs(tmp_path).f_bavail > before
        assert list(own.spool.scan("cloud")) == entries[1:]
        own.spool.release(entries[1])
        assert waiting(tmp_path) == set()
        assert not own.segment(entries[0]).exists()


def test_the_space_of_what_was_delivered_comes_back_beside_what_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nothing more of it goes for a while, and then nobody looks again."""
    with gathering(tmp_path) as own:
        entries = fill(own, 3)
        own.spool.release(entries[1])
        file = own.segment(entries[0])
        before = file.stat().st_blocks
        own.spool.tidy()
        assert file.stat().st_blocks == before

        monkeypatch.setattr(segment, "QUIET", 0.0)
        own.spool.tidy()
        monkeypatch.setattr(scan, "give_back", lambda *_: pytest.fail("it is unchanged"))
        own.spool.tidy()

        assert file.stat().st_blocks < before * 0.6
        assert read(own, entries[0]) == content(1)
        assert list(own.spool.scan("cloud")) == [entries[0], entries[2]]


def test_under_pressure_what_waits_goes_first(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        own.spool.release_all(dict.fromkeys(fill(own, 3)[:2]))
        own.spool._retention.relieve_in_background()
        assert waiting(tmp_path) == set()


def test_what_a_process_that_died_left_open_goes_with_its_last_instance(tmp_path: Path) -> None:
    """And what others had there before."""
    own = Gathering(tmp_path)
    own.spool.release_all(dict.fromkeys(fill(own, 2)))
    own.keep(content(3))  # the file is written again from now on, if there is a next
    entry = own.keep(content(4), "other")
    assert own.spool._segments
    for each in own.spool._segments._open.values():  # as at a violent end
        os.close(each._descriptor)
        each._descriptor = -1
    spool = open_spool(tmp_path)
    spool.release_all(dict.fromkeys(spool.scan("other")))
    spool.release_all(dict.fromkeys(spool.scan("cloud")))
    spool.tidy()
    assert not list(tmp_path.glob("*/*/*.seg"))
    assert entry.size


def test_at_the_end_nothing_waits(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        own.spool.release_all(dict.fromkeys(fill(own, 4)))
        assert waiting(tmp_path)
    assert waiting(tmp_path) == set()
