"""Many instances that leave at once: none but those, and each that cannot is told of."""

import hashlib
import os
import threading
import zlib
from pathlib import Path

import pytest

from shared import checksum, growing, kept, open_segment, record, removal
from shared.entry import Entry
from shared.ledger import Sent
from shared.record import BLOCK, Damaged, Record
from shared.removal import runs
from shared.segment import generation_of
from tests.support.segmented import SYNCS, Gathering, gathering
from tests.support.small_disk import mounted_disk
from tests.support.spools import keep, open_spool


def opened() -> int:
    """File descriptors of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def spread(own: Gathering, count: int, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Instances, each in a segment that nobody appends to any more."""
    monkeypatch.setattr(growing, "CAPACITY", 1)
    kept_all = [own.keep(b"x" * 70_000) for _ in range(count)]
    own.spool.settle()
    return kept_all


def test_runs_are_what_lies_side_by_side() -> None:
    def at(*offsets: int) -> list[Record]:
        return [Record("", offset * 2 * BLOCK, 1) for offset in offsets]

    assert [[each.offset for each in run] for run in runs(at(0, 1, 2, 5, 7, 8))] == [
        [each.offset for each in run] for run in (at(0, 1, 2), at(5), at(7, 8))
    ]
    assert list(runs([])) == []


@SYNCS
def test_of_many_those_go_that_were_delivered(tmp_path: Path, *, sync: bool) -> None:
    with gathering(tmp_path, sync=sync) as own:
        entries = [own.keep(bytes([each]) * 9000) for each in range(12)]
        urgent = own.keep(b"urgent", urgent=True)
        gone = entries[3]
        own.spool.release(gone)
        delivered = [*entries[1:5], entries[7], urgent]

        assert own.spool.release_all(dict.fromkeys(delivered)) == {}

        left = [each for each in entries if each not in delivered]
        assert list(own.spool.scan("cloud")) == left
        for each in left:
            with kept.stream(own.spool.file(each)) as stream:
                assert stream.read() == bytes([entries.index(each)]) * 9000


def test_files_and_segments_go_together_and_the_ledger_has_each_once(tmp_path: Path) -> None:
    before = open_spool(tmp_path)
    in_a_file = keep(before, b"file")[0]
    before.close()
    with gathering(tmp_path) as own:
        in_segments = [own.keep(bytes([each])) for each in range(3)]
        known = Sent("1.2.3", hashlib.sha256(bytes([0])).hexdigest())
        all_of_them: dict[Entry, Sent | None] = {
            in_a_file: None,
            **dict.fromkeys(in_segments),
            in_segments[0]: known,
        }

        assert own.spool.release_all(all_of_them) == {}
        assert own.spool.release_all(all_of_them) == {}, "harmless twice"

        digests = {each["name"]: each["sha256"] for each in own.spool.ledger()}
        assert len(list(own.spool.ledger())) == 4
        assert digests[in_a_file.name] == hashlib.sha256(b"file").hexdigest()
        assert digests[in_segments[2].name] == hashlib.sha256(bytes([2])).hexdigest()
        assert list(own.spool.scan("cloud")) == []


def test_what_is_not_as_it_was_kept_is_told_of_and_holds_up_no_other(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entries = [own.keep(b"x" * 5000) for _ in range(3)]
        offset = int(entries[1].path.split("/")[-2], 16)
        with own.segment(entries[1]).open("r+b") as file:
            file.seek(offset)
            file.write(b"damage")

        failed = removal.remove_all(map(own.spool.file, entries))

        assert list(failed) == [own.spool.file(entries[1])]
        assert isinstance(failed[own.spool.file(entries[1])], Damaged)
        assert not any(map(kept.exists, map(own.spool.file, entries[::2])))


@pytest.mark.parametrize(("name", "size"), [(b"\xff\xfe~9", 9), (b"x~9", (1 << 63) - 5000)])
def test_a_record_that_somebody_made_up_stops_no_other(
    name: bytes, size: int, tmp_path: Path
) -> None:
    """With a checksum that is right, as chance does not make one."""
    with gathering(tmp_path) as own:
        entries = [own.keep(b"x" * 100) for _ in range(3)]
        head = record.MAGIC + generation_of(own.segment(entries[1]))
        head += record._LENGTHS.pack(record.length_of(size), size, len(name))
        head += bytes(checksum.SIZE) + name
        with own.segment(entries[1]).open("r+b") as file:
            file.seek(int(entries[1].path.split("/")[-2], 16))
            file.write(head + record._CHECK.pack(zlib.crc32(head)))

        assert list(own.spool.scan("cloud")) == entries[::2]
        assert own.spool.release_all(dict.fromkeys(entries)) == {}
        assert list(own.spool.scan("cloud")) == []
        own.spool.tidy()
        assert own.segment(entries[1]).exists(), "spool check sets aside what is there"


def test_what_cannot_be_removed_is_told_of(tmp_path: Path) -> None:
    """A segment whose file system became read-only is opened to be changed in vain."""
    with gathering(tmp_path) as own:
        entries = [own.keep(b"x" * 5000) for _ in range(3)]
        lost = own.keep(b"y", "elsewhere")
        away = own.segment(lost)
        away.rename(away.with_name("away"))
        away.mkdir()

        failed = own.spool.release_all(dict.fromkeys([*entries, lost]))

        assert list(failed) == [lost]
        assert list(own.spool.scan("cloud")) == []


def test_held_segments_are_opened_once_and_closed_in_the_end(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        paths = [own.spool.file(own.keep(bytes([each]) * 200_000)) for each in range(4)]
        before = opened()

        with open_segment.held():
            for each in paths:
                with kept.opened(each) as one, open_segment.held(), kept.opened(each) as other:
                    assert one.read(200_000, 0) == other.read(200_000, 0)
            assert opened() <= before + 3
            removal.remove(paths[1])
            for act in (kept.size, lambda path: kept.stream(path).__enter__()):
                with pytest.raises(FileNotFoundError):
                    act(paths[1])
        assert opened() == before


def test_of_many_segments_few_are_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long outage a batch may come from hundreds; a process has 1,024 descriptors."""
    monkeypatch.setattr(open_segment, "MOST", 2)
    with gathering(tmp_path, sync=False) as own:
        entries = spread(own, 12, monkeypatch)
        before = opened()
        with open_segment.held():
            for each in entries:
                with kept.stream(own.spool.file(each)) as stream:
                    assert stream.read() == b"x" * 70_000
            assert opened() <= before + 2 * 3
            assert own.spool.release_all(dict.fromkeys(entries)) == {}
            assert opened() <= before + 2 * 3 + 1, "and the ledger"
        assert list(own.spool.scan("cloud")) == []


def test_tidying_leaves_no_segment_open_to_who_holds_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks at all there are, and an uploader does so within a batch."""
    with gathering(tmp_path, sync=False) as own:
        entries = spread(own, 12, monkeypatch)
        before = opened()
        with open_segment.held():
            own.spool.tidy()
            assert opened() == before
        assert list(own.spool.scan("cloud")) == entries


def test_of_two_paths_to_one_place_the_right_one_goes_and_nothing_else(tmp_path: Path) -> None:
    """The index may say anything; whatever the order, none of the two stands for the other."""
    with gathering(tmp_path) as own:
        for wrong_first in (True, False):
            right = own.keep(b"x" * 5000)
            wrong = Entry.at(right.path.replace("~5000", "~5001"))
            both = [wrong, right] if wrong_first else [right, wrong]

            other = own.keep(b"y" * 5000)
            assert own.spool.release_all(dict.fromkeys(both)) == {}

            assert list(own.spool.scan("cloud")) == [other]
            own.spool.release(other)


def test_the_ledger_of_a_full_disk_is_written_once_there_is_room(tmp_path: Path) -> None:
    """All of a batch are noted before any leaves, and to leave is what makes room."""
    with mounted_disk(tmp_path, 8 * 1024 * 1024) as disk, gathering(tmp_path) as own:
        own.spool.release(own.keep(b"the ledger's file is there"))
        entries = [own.keep(bytes(9000)) for _ in range(100)]
        disk.fill()

        assert own.spool.release_all(dict.fromkeys(entries)) == {}

        names = [each["name"] for each in own.spool.ledger()]
        assert names[1:] == [each.name for each in entries]


def test_a_reader_that_is_left_behind_closes_nothing_of_others(tmp_path: Path) -> None:
    """Its descriptor may be somebody else's by then."""
    with gathering(tmp_path) as own:
        path = own.spool.file(own.keep(b"x" * 200_000))
        with open_segment.held():
            late = kept._open(path)
            left = kept._open(path)
            tidying = threading.Thread(target=left.close)
            tidying.start()
            tidying.join()
            assert late.read(200_000, 0) == b"x" * 200_000
        others = [os.open("/dev/null", os.O_RDONLY) for _ in range(8)]
        late.close()
        for each in others:
            os.close(each)
        with pytest.raises(OSError, match="Bad file descriptor"):  # not that it is gone
            late.read(200_000, 0)


def test_a_reader_past_the_page_cache_is_no_different(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_segment, "_AT_ONCE", 0)
    with gathering(tmp_path) as own:
        path = own.spool.file(own.keep(b"x" * 200_000))
        with open_segment.held():
            late = kept._open(path)
        with pytest.raises(OSError, match="Bad file descriptor"):
            late.read(200_000, 0)
