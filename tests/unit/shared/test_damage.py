"""What is no record any more leaves its segment, and nothing else does."""

import errno
import os
from pathlib import Path

import pytest

from shared import open_segment
from shared.dicomweb.multipart import Part, PartChanged
from shared.entry import Entry
from shared.errors import SpoolError
from shared.quarantine import place
from shared.record import BLOCK, MARK, Damaged, length_of
from shared.spool_check import Finding, Kind, check, repair
from tests.support.segmented import Gathering, damage, gathering
from tests.support.spools import open_spool
from tests.unit.shared.test_kept import PART10, read

CONTENT = PART10 + bytes(range(256)) * 30


def overwrite(own: Gathering, entry: Entry, at: int, data: bytes) -> None:
    with own.segment(entry).open("r+b") as file:
        file.seek(int(entry.path.split("/")[-2], 16) + at)
        file.write(data)


def damages(own: Gathering) -> list[Finding]:
    return [each for each in check(own.spool, ["cloud"]) if each.kind is Kind.DAMAGED]


def test_its_file_goes_to_quarantine_and_its_segment_can_go(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        before, damaged, after = (own.keep(CONTENT) for _ in range(3))
        damage(own, damaged)
    segment = own.segment(damaged)
    spool = open_spool(tmp_path)
    [found] = damages(own)
    assert found.path == damaged.path.rpartition("/")[0]

    assert repair(spool, found) == "set aside in quarantine"

    [item] = spool.quarantined()
    assert place(tmp_path, item).read_bytes().startswith(CONTENT)
    assert item.why == "what was known of it was lost on the disk"
    assert int(item.received) == int(damaged.received)
    assert list(spool.scan("cloud")) == [before, after]
    assert damages(own) == []
    with pytest.raises(FileNotFoundError):
        repair(spool, found)
    spool.release_all(dict.fromkeys([before, after]))
    assert not segment.exists()


def test_each_goes_by_itself_as_its_mark_tells(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        first, second, delivered, last = (own.keep(CONTENT) for _ in range(4))
        damage(own, first)
        damage(own, second)
        own.spool.release(delivered)
    spool = open_spool(tmp_path)
    found = damages(own)
    assert [each.path for each in found] == [
        each.path.rpartition("/")[0] for each in (first, second)
    ]

    for each in found:
        repair(spool, each)

    for item in spool.quarantined():
        assert place(tmp_path, item).read_bytes().startswith(CONTENT)
    assert list(spool.scan("cloud")) == [last]


def test_two_in_a_row_without_marks_are_one(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        first, second, delivered, last = (own.keep(CONTENT) for _ in range(4))
        for each in (first, second):
            damage(own, each)
            overwrite(own, each, length_of(each.size) - MARK, bytes(MARK))
        own.spool.release(delivered)
    spool = open_spool(tmp_path)
    [found] = damages(own)

    repair(spool, found)

    [item] = spool.quarantined()
    bytes_of_both = place(tmp_path, item).read_bytes()
    assert bytes_of_both.count(CONTENT) == 2
    assert len(bytes_of_both) == item.size
    assert list(spool.scan("cloud")) == [last]


def test_where_not_even_a_file_is_left_all_of_it_is_set_aside(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        damaged, after = own.keep(CONTENT), own.keep(CONTENT)
        overwrite(own, damaged, 0, os.urandom(2 * BLOCK))
    spool = open_spool(tmp_path)
    [found] = damages(own)

    repair(spool, found)

    [item] = spool.quarantined()
    assert item.size == int(after.path.split("/")[-2], 16)
    assert list(spool.scan("cloud")) == [after]


def test_a_sound_record_is_not_taken_for_damage(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(CONTENT)
    spool = open_spool(tmp_path)

    with pytest.raises(FileNotFoundError):
        spool.quarantine_damage(entry.path.rpartition("/")[0], {})
    with pytest.raises(FileNotFoundError):
        spool.quarantine_damage("cloud/routine/20260101000000-00000000.seg/00000000", {})

    assert list(spool.scan("cloud")) == [entry]
    assert list(spool.quarantined()) == []


def test_what_the_disk_changed_is_told_set_aside_and_never_sent(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        sound, changed = own.keep(PART10 + bytes(9000)), own.keep(PART10 + bytes(9000))
        at = int(changed.path.split("/")[-2], 16) + BLOCK + 5000
        with own.segment(changed).open("r+b") as file:
            file.seek(at)
            file.write(b"\1")
        path = own.spool.file(changed)

        with pytest.raises(Damaged):
            read(path)
        with pytest.raises(PartChanged) as told:
            list(Part(path, changed.size).chunks())
        assert told.value.damaged
        with pytest.raises(SpoolError, match="cannot move"):
            own.spool.move(changed, "other")
        assert list(check(own.spool, ["cloud"])) == []
        [found] = check(own.spool, ["cloud"], deep=True)
        assert (found.kind, found.path) == (Kind.UNREADABLE, changed.path)

        assert repair(own.spool, found) == "set aside in quarantine"

        [item] = own.spool.quarantined()
        assert place(tmp_path, item).read_bytes()[5000] == 1, "as it is"
        with pytest.raises(SpoolError, match="is not what was received"):
            own.spool.requeue(item)
        assert list(own.spool.quarantined()) == [item]
        assert list(own.spool.scan("cloud")) == [sound]


@pytest.mark.parametrize("digest", [True, False])
def test_what_was_delivered_is_in_the_ledger_whatever_became_of_it(
    tmp_path: Path, *, digest: bool
) -> None:
    with gathering(tmp_path, ledger_digest=digest) as own:
        entries = [own.keep(PART10 + bytes(9000)) for _ in range(2)]
        damage(own, entries[0])
        with own.segment(entries[1]).open("r+b") as file:
            file.seek(-2 * BLOCK, os.SEEK_END)
            file.write(b"\1")

        assert own.spool.release_all(dict.fromkeys(entries)) == {}

        assert [each["name"] for each in own.spool.ledger()] == [each.name for each in entries]
        assert list(own.spool.scan("cloud")) == []


def test_who_sets_it_aside_second_takes_nothing_from_the_first(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        changed, _ = own.keep(CONTENT), own.keep(CONTENT)
        overwrite(own, changed, BLOCK + 5000, b"\0")
        own.spool.quarantine(changed, {"detail": "first"})

        with pytest.raises(FileNotFoundError):
            own.spool.quarantine(changed, {"detail": "second"})

        [item] = own.spool.quarantined()
        assert item.why == "first"
        assert item.damaged


def test_where_the_path_tells_all_of_it_nothing_stays(tmp_path: Path) -> None:
    """Else spool check would find it again, under another name."""
    with gathering(tmp_path) as own:
        before, damaged, after = (own.keep(CONTENT) for _ in range(3))
        damage(own, damaged)
    spool = open_spool(tmp_path)

    spool.quarantine(damaged, {})

    assert damages(own) == []
    assert list(spool.scan("cloud")) == [before, after]
    [item] = spool.quarantined()
    assert item.name == damaged.name
    assert place(tmp_path, item).read_bytes() == CONTENT


def test_a_file_without_its_last_block_is_whole_and_sent(tmp_path: Path) -> None:
    """As fsck leaves it, or a copy that was cut; a crash of ours leaves no more than a part."""
    content = CONTENT[: 2 * BLOCK - MARK - 1]
    with gathering(tmp_path) as own:
        first, last = own.keep(content), own.keep(content)
    segment = own.segment(last)
    os.truncate(segment, segment.stat().st_size - MARK)
    spool = open_spool(tmp_path)

    assert list(spool.scan("cloud")) == [first, last]
    assert read(spool.file(last)) == content
    spool.release(first)
    spool.tidy()
    assert list(spool.scan("cloud")) == [last]


@pytest.mark.parametrize("bad", range(4))
def test_a_block_that_cannot_be_read_is_damage_and_leaves_zeros(
    bad: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk with such a block cannot be made at will."""
    content = CONTENT[:8000]
    with gathering(tmp_path) as own:
        sound, unreadable = own.keep(content), own.keep(content)
    begin = int(unreadable.path.split("/")[-2], 16) + bad * BLOCK
    pread = os.pread

    def failing(descriptor: int, length: int, offset: int) -> bytes:
        if length and offset < begin + BLOCK and offset + length > begin:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", failing)
    monkeypatch.setattr(os, "preadv", lambda *_: pytest.fail("it is small"))
    monkeypatch.setattr(open_segment, "_AT_ONCE", 0)
    spool = open_spool(tmp_path)
    if bad == 3:
        assert read(spool.file(unreadable)) == content
        return
    with pytest.raises(Damaged):
        read(spool.file(unreadable))

    spool.quarantine(unreadable, {})

    [item] = spool.quarantined()
    left = place(tmp_path, item).read_bytes()
    there = [left[at : at + BLOCK] == content[at : at + BLOCK] for at in (0, BLOCK)]
    assert there == [bad != 1, bad != 2]
    assert sound in set(spool.scan("cloud"))


def test_a_name_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(CONTENT)
        for name in ("x.seg", "20260101000000-zz.seg", "20269901000000-00000000.seg"):
            (own.segment(entry).parent / name).write_bytes(b"x" * 5000)

        found = list(check(own.spool, ["cloud"]))

        assert [each.kind for each in found].count(Kind.STRAY) == 2
        [odd] = [each for each in found if each.kind is Kind.DAMAGED]
        with pytest.raises(SpoolError, match="no place that is written to"):
            repair(own.spool, odd)
        assert list(own.spool.scan("cloud")) == [entry]
