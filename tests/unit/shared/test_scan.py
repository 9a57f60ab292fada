"""Records of a segment: written whole or not there; what an earlier use of a file left is none."""

import os
import struct
import sys
import zlib
from pathlib import Path

import pytest

from shared import checksum, scan, segment
from shared.record import BLOCK, LARGEST, MARK, REMOVED, Damaged, Record, begun_at, length_of
from shared.scan import Damage, give_back, is_empty
from tests.support.records import (
    GENERATION,
    NAME,
    append,
    content,
    flip,
    plainly,
    records,
    remove,
)

MOST = LARGEST - BLOCK - MARK  # bytes of a file that a buffer can take
SIZES = [0, 1, *range(BLOCK - 9, BLOCK + 2), 2 * BLOCK - MARK, 100_000, MOST - 1, MOST]


@pytest.mark.parametrize("size", SIZES)
def test_a_record_comes_back_as_it_was_kept(size: int, file: Path, opened: int) -> None:
    data = content(size)[:size]
    before, middle, after = (append(opened, each) for each in (b"before", data, b"after"))

    reader = plainly(file)
    try:
        assert list(records(reader)) == [before, middle, after]
        assert begun_at(reader, middle.offset, GENERATION) == middle
        assert os.pread(reader, size, middle.data) == data
        rest = os.pread(reader, middle.length, middle.offset)[BLOCK + size : -MARK]
        assert rest == bytes(len(rest)), "nothing of another instance"
    finally:
        os.close(reader)


@pytest.mark.parametrize("left", [BLOCK, 2 * BLOCK, 3 * BLOCK, 3 * BLOCK + 1, 4 * BLOCK - 1])
def test_a_torn_tail_is_not_listed_nor_told(left: int, file: Path, opened: int) -> None:
    whole = append(opened, b"whole")
    torn = append(opened, content(3 * BLOCK)[: 3 * BLOCK])
    os.truncate(file, torn.offset + left)

    reader = plainly(file)
    try:
        assert list(records(reader)) == [whole]
    finally:
        os.close(reader)


@pytest.mark.parametrize(("left", "told"), [(1, False), (17, True), (100, True)])
def test_what_is_left_of_a_torn_head_hides_nothing(
    left: int, file: Path, opened: int, *, told: bool
) -> None:
    """Told of once it is sure that it is of this use of the file."""
    whole = append(opened, b"whole")
    torn = append(opened, b"torn")
    os.truncate(file, torn.offset + left)

    reader = plainly(file)
    try:
        found = list(records(reader))
        assert found[0] == whole
        assert [each[0] for each in found[1:] if isinstance(each, Damage)] == [torn.offset] * told
    finally:
        os.close(reader)


def test_a_record_without_a_mark_may_be_written_just_now(file: Path, opened: int) -> None:
    """Where nobody appends the disk has lost it: what is there of its file is told, or sent."""
    begun = append(opened, content(5 * BLOCK)[: 5 * BLOCK])
    whole = append(opened, b"whole")
    writer = plainly(file)
    os.pwrite(writer, bytes(MARK), begun.offset + begun.length - MARK)

    assert segment.lock(opened)
    assert list(records(writer)) == [whole]
    os.close(opened)
    os.dup2(writer, opened)  # for the fixture
    assert list(records(writer)) == [begun, whole]
    assert list(records(writer)) == [begun, whole], "the look left no lock"
    assert not scan.holds_nothing(writer, GENERATION)
    os.close(writer)


@pytest.mark.parametrize("at", [0, 8, 16, 24, 40, 60])
def test_damage_is_told_and_hides_no_other(at: int, file: Path, opened: int) -> None:
    before, damaged, after = (append(opened, content(9000, n)[:9000]) for n in range(3))
    writer = plainly(file)
    flip(writer, damaged.offset + at)

    assert list(records(writer)) == [before, Damage(damaged.offset, after.offset), after]
    with pytest.raises(Damaged):
        begun_at(writer, damaged.offset, GENERATION)
    os.close(writer)


def test_a_mark_that_changed_hides_no_file_that_proves_itself(file: Path, opened: int) -> None:
    kept = append(opened, b"whole")
    writer = plainly(file)
    flip(writer, kept.offset + kept.length - 1)

    assert list(records(writer)) == [kept]
    os.close(writer)


def test_a_byte_of_the_file_that_changed_shows_when_it_is_read(file: Path, opened: int) -> None:
    data = content(9000)[:9000]
    append(opened, data)
    reader = plainly(file)
    [kept] = [each for each in records(reader) if isinstance(each, Record)]
    os.close(reader)

    kept.prove(data)
    for at in (0, 4500, 8999):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(Damaged):
            kept.prove(bytes(changed))
    with pytest.raises(Damaged):
        kept.prove(data[:-1])


def test_the_checksum_of_earlier_layouts_proves_as_well() -> None:
    data, summed = b"as it was kept by an earlier version", "794e12adb78c3ea582d9dd1a8b7a413f"
    kept = Record(NAME, 0, len(data), bytes.fromhex(summed))

    kept.prove(data)
    with pytest.raises(Damaged):
        kept.prove(data.replace(b"as", b"is"))


def test_what_is_damaged_is_so_where_that_other_one_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    monkeypatch.setattr(checksum, "_cipher", checksum._cipher.__wrapped__)

    with pytest.raises(Damaged):
        Record(NAME, 0, 4, checksum.checksum(b"kept")).prove(b"lost")


@pytest.mark.usefixtures("opened")
def test_a_record_of_before_there_were_checksums_is_read(file: Path) -> None:
    name, data = NAME.encode(), b"as it was kept by an earlier version"
    head = struct.pack("<8sQQH", b"DWPSEG\0\1", length_of(len(data)), len(data), len(name)) + name
    check = struct.pack("<I", zlib.crc32(head))
    end = b"END\n" + check
    record = (head + check).ljust(BLOCK, b"\0") + data.ljust(BLOCK - MARK, b"\0") + end
    writer = plainly(file)
    os.pwrite(writer, record * 3, 0)
    flip(writer, 20)

    [damaged, *kept] = list(scan.records(writer, b""))
    assert damaged == Damage(0, len(record))
    assert kept == [Record(NAME, at * len(record), len(data)) for at in (1, 2)]
    for each in kept:
        assert isinstance(each, Record)
        each.prove(data)
    os.close(writer)


def test_a_removed_record_is_gone_and_gives_back_its_space(file: Path, opened: int) -> None:
    first, second = append(opened, bytes(500_000)), append(opened, b"second")
    before = os.fstat(opened).st_blocks
    writer = plainly(file)

    remove(writer, first)

    assert list(records(writer)) == [second]
    assert not is_empty(writer, GENERATION)
    give_back(writer, GENERATION)
    assert os.fstat(opened).st_blocks < before / 10
    assert list(records(writer)) == [second]
    remove(writer, second)
    assert is_empty(writer, GENERATION)
    os.close(writer)


def test_no_bit_that_flips_removes_a_record(file: Path, opened: int) -> None:
    """Nor brings one back; in its head or in its mark."""
    first, last = append(opened, b"first"), append(opened, b"last")
    writer = plainly(file)
    there = os.pread(writer, BLOCK, first.offset).rstrip(b"\0")
    mark = first.end - MARK
    for at in (*range(len(there)), *range(mark, mark + MARK)):
        [byte] = os.pread(writer, 1, at)
        for bit in range(8):
            os.pwrite(writer, bytes([byte ^ 1 << bit]), at)
            found = list(records(writer))
            assert found == [first, last] if at >= mark else [Damage(0, first.end), last]
        os.pwrite(writer, bytes([byte]), at)

    remove(writer, first)
    for at in range(len(REMOVED)):
        [byte] = os.pread(writer, 1, at)
        for bit in range(8):
            os.pwrite(writer, bytes([byte ^ 1 << bit]), at)
            assert list(records(writer)) == [Damage(0, first.end), last]
        os.pwrite(writer, bytes([byte]), at)
    os.close(writer)


def test_a_mark_in_a_hole_is_nothing(file: Path, opened: int) -> None:
    """Of the second who removed it, after somebody tidied."""
    first, second = append(opened, b"first"), append(opened, b"second")
    writer = plainly(file)
    remove(writer, first)
    give_back(writer, GENERATION)
    remove(writer, first)

    assert list(records(writer)) == [second]
    remove(writer, second)
    assert is_empty(writer, GENERATION)
    os.close(writer)


def test_a_file_system_is_asked_once_and_nothing_is_left(tmp_path: Path) -> None:
    assert segment.are_possible(tmp_path)
    assert not segment.are_possible(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
