"""What is appended to segments: kept before it is told, whatever becomes of disk and folders."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from shared import growing, kept, pool, segments
from shared.entry import Entry
from shared.errors import SpoolError
from shared.layout_version import check_version
from shared.record import length_of
from shared.segments import Commit
from shared.spool import VERSION
from shared.staging import MOST, Staged
from tests.support.descriptors import none_left
from tests.support.segmented import SYNCS, Gathering, gathering
from tests.support.spools import files_below, keep, open_spool
from tests.support.waiting import wait_until

MEBIBYTE = 1024 * 1024


def read(own: Gathering, entry: Entry) -> bytes:
    with kept.stream(own.spool.file(entry)) as stream:
        return stream.read()


def removed(file: Path) -> None:
    file.unlink()


def replaced(file: Path) -> None:
    copy = file.read_bytes()
    file.unlink()
    file.write_bytes(copy)


def a_link(file: Path) -> None:
    away = file.with_name("away")
    file.rename(away)
    file.symlink_to(away)


def its_folder_gone(file: Path) -> None:
    shutil.rmtree(file.parent.parent)


@SYNCS
@pytest.mark.parametrize("change", [removed, replaced, a_link, its_folder_gone])
def test_nothing_is_kept_where_nobody_would_find_it(
    change: Callable[[Path], None], tmp_path: Path, *, sync: bool
) -> None:
    with gathering(tmp_path, sync=sync) as own:
        before = own.keep(b"before")
        change(own.segment(before))

        with pytest.raises(SpoolError):
            own.keep(b"refused")
        after = own.keep(b"after")

        found = [read(own, each) for each in own.spool.scan("cloud") if each.path == after.path]
        assert found == [b"after"]
        assert b"refused" not in {read(own, each) for each in own.spool.scan("cloud")}


@SYNCS
def test_a_file_that_took_the_name_of_a_segment_stays(tmp_path: Path, *, sync: bool) -> None:
    """The segment, empty, is no more; what has its name may hold what somebody brought back."""
    with gathering(tmp_path, sync=sync) as own:
        entry = own.keep(b"delivered")
        file = own.segment(entry)
        backup = file.read_bytes()
        own.spool.release(entry)
        file.unlink()
        file.write_bytes(backup)
    assert file.read_bytes() == backup


@SYNCS
def test_a_spool_that_another_one_covers_takes_nothing(tmp_path: Path, *, sync: bool) -> None:
    root, away = tmp_path / "spool", tmp_path / "away"
    with gathering(root, sync=sync) as own:
        own.keep(b"first")
        root.rename(away)
        open_spool(root).close()

        for _ in range(3):
            with pytest.raises(SpoolError):
                own.keep(b"nobody would find it")
        assert list(own.spool.scan("cloud")) == []

        shutil.rmtree(root)
        away.rename(root)
        own.keep(b"again")
        assert [read(own, each) for each in own.spool.scan("cloud")] == [b"first", b"again"]


def test_who_is_told_may_fail_and_the_next_is_told(tmp_path: Path) -> None:
    own = Gathering(tmp_path)
    own.spool.settle()
    told: list[Commit] = []

    def failing(commits: Sequence[Commit]) -> None:
        told.extend(commits)
        if len(told) == 1:
            raise RuntimeError("of whoever is told")

    own.spool.gather(failing)
    own.commit(b"first")
    wait_until(lambda: len(told) == 1, 10, "the first")
    own.commit(b"second")
    wait_until(lambda: len(told) == 2, 10, "the second")
    own.spool.close()
    assert len(list(own.spool.scan("cloud"))) == 2


@SYNCS
def test_what_comes_after_the_end_is_refused(tmp_path: Path, *, sync: bool) -> None:
    own = Gathering(tmp_path, sync=sync)
    staged = [own.spool.stage() for _ in range(2)]
    own.spool.settle()

    for each in staged:
        assert isinstance(each, Staged)
        with pytest.raises(SpoolError, match="closed"):
            own.spool.commit(Commit(each.hand_over(), "cloud", False, None, None))
    assert len(own.spool._staging._free) == 2


def test_what_was_asked_for_before_the_end_is_kept(tmp_path: Path) -> None:
    own = Gathering(tmp_path)
    for round_ in range(5):
        for each in range(MOST):
            own.commit(bytes([round_, each]))
            if each % 5 == 4:
                own.next_told()
        while len(own.spool._staging._free) < own.spool._staging._made:
            own.next_told()
    own.spool.close()
    assert len(list(own.spool.scan("cloud"))) == 5 * MOST


@SYNCS
def test_an_hour_has_a_segment_and_a_clock_set_back_begins_none(
    tmp_path: Path, *, sync: bool
) -> None:
    with gathering(tmp_path, sync=sync) as own:
        first = own.keep(b"1")
        own.spool._named_last = time.time_ns() + 3_600 * 10**9  # it was an hour later already
        second, third = own.keep(b"2"), own.keep(b"3")

        assert own.segment(first) != own.segment(second)
        assert own.segment(second) == own.segment(third)
        own.spool.release(first)
        assert not own.segment(first).exists(), "nobody appends to it any more"
        assert list(own.spool.scan("cloud")) == [second, third]


@SYNCS
def test_a_full_segment_is_followed_by_another(
    tmp_path: Path, *, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "CAPACITY", 3 * length_of(5000))
    with gathering(tmp_path, sync=sync) as own:
        entries = [own.keep(bytes([each]) * 5000) for each in range(10)]

        assert len({own.segment(each) for each in entries}) == 4
        assert list(own.spool.scan("cloud")) == entries
        assert [read(own, each)[0] for each in entries] == list(range(10))


def test_a_spool_of_files_is_taken_over_and_the_former_version_refuses_it(tmp_path: Path) -> None:
    former = open_spool(tmp_path)
    [file] = keep(former, b"of a former version")
    former.close()
    (tmp_path / ".version").write_text("2\n")

    with gathering(tmp_path) as own:
        entry = own.keep(b"in a segment")

        assert list(own.spool.scan("cloud")) == [file, entry]
        assert (tmp_path / ".version").read_text() == f"{VERSION}\n"
        with pytest.raises(SpoolError, match="later version"):
            check_version(tmp_path, 2)


def test_without_a_proc_there_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through it a segment is opened again: to be written past the page cache, and removed from."""
    real: Callable[..., int] = os.open

    def without(path: object, flags: int, *rest: int) -> int:
        if str(path).startswith("/proc/"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", without)
    own = Gathering(tmp_path)
    assert not own.gathers
    own.spool.close()


def test_without_segments_there_are_files(tmp_path: Path) -> None:
    own = Gathering(tmp_path, segments=False)

    assert not own.gathers
    keep(own.spool, b"each")
    assert [each.rpartition(".")[2] for each in files_below(tmp_path / "cloud")] == ["dcm"]
    own.spool.close()


@SYNCS
@pytest.mark.parametrize("used_again", [False, True])
def test_a_segment_that_cannot_be_opened_again_is_refused_and_leaves_no_file(
    tmp_path: Path, *, used_again: bool, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "IDLE", 0.0 if used_again else 3600.0)
    with gathering(tmp_path, sync=sync) as own:
        first = [own.keep(bytes([each]) * 500_000) for each in range(3)]
        own.spool.release_all(dict.fromkeys(first))
        own.spool.rest()
        wait_until(lambda: used_again == any((tmp_path / pool.FOLDER).iterdir()))
        with none_left(but=1):
            own.commit(b"refused", "other")
            refused = own.next_told()
        assert refused.fault
        assert "Too many open files" in str(refused.fault)
        assert not list((tmp_path / "other").rglob("*.seg"))

        after = own.keep(b"after", "other")
        assert read(own, after) == b"after"
