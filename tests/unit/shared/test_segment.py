"""Records of a segment: written whole or not there, and a hole once removed."""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import segment
from shared.checksum import checksum
from shared.record import BLOCK, LARGEST, MARK, Damaged, Record, frame, length_of
from shared.segment import records
from tests.support.segmented import record_at

NAME = "18ec8898cb395818b8c31d17~4"
MOST = LARGEST - BLOCK - MARK  # bytes of a file that a buffer can take
SIZES = [0, 1, *range(BLOCK - 9, BLOCK + 2), 2 * BLOCK - MARK, 100_000, MOST - 1, MOST]


def content(size: int, salt: int = 0) -> bytes:
    return bytes((each * 31 + salt) % 255 + 1 for each in range(min(size, 251))) * (size // 251 + 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / f"one{segment.SUFFIX}"


@pytest.fixture
def opened(file: Path) -> Iterator[int]:
    descriptor = segment.create(str(file), 0o640)
    yield descriptor
    os.close(descriptor)


def append(descriptor: int, data: bytes, name: str = NAME) -> Record:
    at = os.fstat(descriptor).st_size
    with mmap.mmap(-1, LARGEST) as buffer:
        buffer[:] = b"\xff" * LARGEST  # what an instance before it left
        buffer[BLOCK : BLOCK + len(data)] = data
        view = memoryview(buffer)[: length_of(len(data))]
        frame(view, name, len(data), checksum(data))
        assert os.pwrite(descriptor, view, at) == len(view)
        view.release()
    return Record(name, at, len(data))


def plainly(file: Path) -> int:
    return os.open(file, os.O_RDWR)


def flip(descriptor: int, at: int) -> None:
    [byte] = os.pread(descriptor, 1, at)
    os.pwrite(descriptor, bytes([byte ^ 0x55]), at)


@pytest.mark.parametrize("size", SIZES)
def test_a_record_comes_back_as_it_was_kept(size: int, file: Path, opened: int) -> None:
    data = content(size)[:size]
    before, middle, after = (append(opened, each) for each in (b"before", data, b"after"))

    reader = plainly(file)
    try:
        assert list(records(reader)) == [before, middle, after]
        assert record_at(reader, middle.offset) == middle
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


@pytest.mark.parametrize("left", [1, 17, 100])
def test_what_is_left_of_a_torn_head_hides_nothing(left: int, file: Path, opened: int) -> None:
    whole = append(opened, b"whole")
    torn = append(opened, b"torn")
    os.truncate(file, torn.offset + left)

    reader = plainly(file)
    try:
        assert list(records(reader)) == [whole, torn.offset]
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
    assert not segment.holds_nothing(writer)
    os.close(writer)


@pytest.mark.parametrize("at", [0, 8, 16, 30, 53])
def test_damage_is_told_and_hides_no_other(at: int, file: Path, opened: int) -> None:
    before, damaged, after = (append(opened, content(9000, n)[:9000]) for n in range(3))
    writer = plainly(file)
    flip(writer, damaged.offset + at)

    assert list(records(writer)) == [before, damaged.offset, after]
    with pytest.raises(Damaged):
        record_at(writer, damaged.offset)
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

    [damaged, *kept] = list(records(writer))
    assert damaged == 0
    assert kept == [Record(NAME, at * len(record), len(data)) for at in (1, 2)]
    for each in kept:
        assert isinstance(each, Record)
        each.prove(data)
    os.close(writer)


def test_a_punched_record_is_gone_and_takes_no_space(file: Path, opened: int) -> None:
    first, second = append(opened, bytes(500_000)), append(opened, b"second")
    before = os.fstat(opened).st_blocks
    writer = plainly(file)

    segment.punch(writer, first)

    assert list(records(writer)) == [second]
    assert record_at(writer, first.offset) is None
    assert os.fstat(opened).st_blocks < before / 10
    assert not segment.is_empty(writer)
    segment.punch(writer, second)
    assert segment.is_empty(writer)
    os.close(writer)


def test_a_segment_goes_only_once_it_is_empty_and_nobody_appends(file: Path, opened: int) -> None:
    only = append(opened, b"only")
    assert segment.lock(opened)
    other = plainly(file)

    assert not segment.remove_if_done(file, other), "not empty"
    segment.punch(other, only)
    assert not segment.remove_if_done(file, other), "somebody appends"
    os.close(opened)
    os.dup2(other, opened)  # for the fixture
    assert segment.remove_if_done(file, other)
    assert not file.exists()
    os.close(other)


def test_another_segment_of_that_name_is_not_removed(file: Path) -> None:
    """Emptied and removed by one uploader, begun again by the receiver, while another uploader
    still has the old one open.
    """
    slow = segment.create(str(file), 0o640)
    file.unlink()
    again = segment.create(str(file), 0o640)
    kept = append(again, b"acknowledged")

    segment.remove_if_done(file, slow)

    assert file.exists()
    reader = plainly(file)
    assert list(records(reader)) == [kept]
    for each in (slow, again, reader):
        os.close(each)


def test_a_file_system_is_asked_once_and_nothing_is_left(tmp_path: Path) -> None:
    assert segment.are_possible(tmp_path)
    assert not segment.are_possible(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
