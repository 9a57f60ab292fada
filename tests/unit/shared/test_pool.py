"""Segments that wait to be written again: nobody's instance is ever written over."""

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from shared import growing, kept, open_segment, pool, removal, segment
from shared.entry import Entry
from shared.open_segment import OpenSegment
from shared.record import Damaged
from shared.spool_check import Kind, check
from tests.support.segmented import SYNCS, Gathering, gathering

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances to a segment."""
    monkeypatch.setattr(growing, "CAPACITY", 2 * MEBIBYTE)


def content(salt: int) -> bytes:
    return bytes([salt]) * 900_000


def fill(own: Gathering, count: int = 2, first: int = 1) -> list[Entry]:
    return [own.keep(content(first + each)) for each in range(count)]


def read(own: Gathering, entry: Entry) -> bytes:
    with kept.stream(own.spool.file(entry)) as stream:
        return stream.read()


def waiting(root: Path) -> set[str]:
    return {each.name for each in (root / pool.FOLDER).iterdir()}


def read_all(path: Path) -> bytes:
    with kept.stream(path) as stream:
        return stream.read()


@SYNCS
def test_what_is_delivered_is_written_again_under_another_name(
    tmp_path: Path, *, sync: bool
) -> None:
    with gathering(tmp_path, sync=sync) as own:
        former = fill(own, 3)
        inode = own.segment(former[0]).stat().st_ino

        own.spool.release_all(dict.fromkeys(former[:2]))
        assert len(waiting(tmp_path)) == 1
        assert not own.segment(former[0]).exists()
        later = fill(own, 2, first=7)

        assert own.segment(later[1]).stat().st_ino == inode
        assert waiting(tmp_path) == set()
        assert list(own.spool.scan("cloud")) == [former[2], *later]
        for each in former[:2]:
            assert not kept.exists(own.spool.file(each))
            with pytest.raises(FileNotFoundError):
                read(own, each)
            assert own.spool.release_all({each: None}) == {}
        assert [read(own, each)[0] for each in [former[2], *later]] == [3, 7, 8]


def test_a_reader_of_what_it_was_is_told_that_it_is_gone(tmp_path: Path) -> None:
    """It must never see another instance's bytes as its own, whole or in part."""
    with gathering(tmp_path) as own:
        former = fill(own, 3)
        path = own.spool.file(former[1])
        with open_segment.held(), kept.opened(path) as opened:
            assert opened.read(900_000, 0) == content(2)
            done = threading.Thread(target=own.spool.release_all, args=(dict.fromkeys(former[:2]),))
            done.start()
            done.join()
            later = fill(own, 2, first=7)
            assert own.segment(later[1]).name != own.segment(former[1]).name

            for length, offset in ((900_000, 0), (100, 600_000), (100_000, 500_000)):
                with pytest.raises(FileNotFoundError):
                    opened.read(length, offset)
            for step in (kept.size, read_all, removal.remove):
                if step is removal.remove:
                    step(path)
                else:
                    with pytest.raises(FileNotFoundError):
                        step(path)
            with pytest.raises(FileNotFoundError), kept.as_it_is(path):
                pass
        assert [read(own, each)[0] for each in later] == [7, 8]


def test_who_was_about_to_mark_what_is_gone_marks_nothing(tmp_path: Path) -> None:
    """An uploader that was stopped, and goes on once its segment is used again."""
    with gathering(tmp_path) as own:
        former = fill(own, 3)
        path = own.spool.file(former[0])
        with open_segment.held(), kept.opened(path):  # as a batch does
            done = threading.Thread(target=own.spool.release_all, args=(dict.fromkeys(former[:2]),))
            done.start()
            done.join()
            later = fill(own, 2, first=7)

            assert removal.remove_all([path]) == {}

        assert list(own.spool.scan("cloud")) == [former[2], *later]


def test_nothing_is_written_again_while_somebody_marks(tmp_path: Path) -> None:
    """However long: whoever does may have been stopped. Then it is removed instead."""
    with gathering(tmp_path) as own:
        former = fill(own, 3)
        file = own.segment(former[0])
        with closing(OpenSegment(str(file))) as other, other.staying():
            own.spool.release_all(dict.fromkeys(former[:2]))
            assert waiting(tmp_path) == set()
        assert not file.exists()


def test_who_marks_waits_for_nobody(tmp_path: Path) -> None:
    """A process that was stopped while it gives a segment away has found nothing left in it."""
    with gathering(tmp_path) as own:
        [entry, *_] = fill(own, 3)
        with own.segment(entry).open("r+b") as other:
            assert segment.claim(other.fileno())

            assert own.spool.release_all({entry: None}) == {}
            with pytest.raises(FileNotFoundError), kept.as_it_is(own.spool.file(entry)):
                pass


def test_what_has_another_name_is_never_written_again(tmp_path: Path) -> None:
    """As a backup has that consists of hard links, or what a power failure left."""
    with gathering(tmp_path) as own:
        former = fill(own, 3)
        backup = tmp_path / "backup"
        os.link(own.segment(former[0]), backup)
        own.spool.release_all(dict.fromkeys(former[:2]))
        assert waiting(tmp_path) == set()

        former = [former[2], *fill(own, 2)]
        own.spool.release_all(dict.fromkeys(former[:2]))
        [free] = waiting(tmp_path)
        os.link(tmp_path / pool.FOLDER / free, tmp_path / "linked")
        before = (tmp_path / "linked").read_bytes()
        later = fill(own, 3, first=9)
        assert (tmp_path / "linked").read_bytes() == before
        assert set(later) <= set(own.spool.scan("cloud"))


def test_damage_in_one_that_is_used_again_is_of_this_use(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        own.spool.release_all(dict.fromkeys(fill(own, 3)[:2]))
        later = fill(own, 3, first=7)[1:]
        at = int(later[1].path.split("/")[-2], 16)
        with own.segment(later[1]).open("r+b") as file:
            file.seek(at + 500_000)
            file.write(b"changed")
        with pytest.raises(Damaged):
            read(own, later[1])


def test_a_scan_of_what_is_written_again_meanwhile_tells_of_no_damage(tmp_path: Path) -> None:
    """Its beginning is another's then, and what follows is what was there."""
    with gathering(tmp_path) as own:
        former = [own.keep(content(each)[:300_000]) for each in range(8)]
        scanning, checking = own.spool.scan("cloud"), check(own.spool, ["cloud"])
        assert next(scanning) == former[0]
        own.spool.release_all(dict.fromkeys(former))
        later = fill(own, 1, first=9)

        assert set(scanning) <= set(later)
        assert Kind.DAMAGED not in {each.kind for each in checking}


def test_a_reader_of_what_is_written_again_while_it_begins_is_told_that_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The block that tells what it is and the one behind it need not be read at once."""
    with gathering(tmp_path) as own:
        former = fill(own, 4)
        begin = OpenSegment.begin

        def torn(self: OpenSegment, offset: int) -> bytes:
            head = begin(self, offset)
            monkeypatch.undo()
            monkeypatch.setattr(growing, "CAPACITY", 2 * MEBIBYTE)
            own.spool.release_all(dict.fromkeys(former[:2]))
            fill(own, 2, first=7)
            return head[:4096] + begin(self, offset)[4096:]

        monkeypatch.setattr(OpenSegment, "begin", torn)
        with pytest.raises(FileNotFoundError), kept.opened(own.spool.file(former[0])):
            pass


def test_what_is_none_of_ours_is_never_taken(tmp_path: Path) -> None:
    (tmp_path / "cloud" / "routine").mkdir(parents=True)
    folder = tmp_path / pool.FOLDER
    with gathering(tmp_path) as own:
        (folder / f"0{segment.SUFFIX}").symlink_to("/dev/zero")
        (folder / f"1{segment.SUFFIX}").mkdir()
        os.mkfifo(folder / f"2{segment.SUFFIX}")
        (folder / f"3{segment.SUFFIX}").symlink_to("nowhere")

        entries = fill(own, 5)

        assert list(own.spool.scan("cloud")) == entries
        names = {own.segment(each).name for each in entries}
        assert {each.name for each in (tmp_path / "cloud" / "routine").iterdir()} == names
        assert len(waiting(tmp_path)) == 4
