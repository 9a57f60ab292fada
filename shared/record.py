"""What a segment consists of: records, of one instance each.

A record is a block with what is known of it, its Part 10 file, and zeros up to a mark at the end of
a block. The block has a checksum of the file: what a disk lost is told, never sent.
"""

import errno
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.checksum import SIZE, checksum

BLOCK = 4096  # bytes; what direct writes are aligned to
MARK = 8  # bytes at the end of a record
LARGEST = 1024 * 1024  # bytes of a record; what is larger gets a file of its own

MAGIC = b"DWPSEG\0\2"
# Bytes of the checksum, by what a record begins with. The first segments had none.
SUMMED = {MAGIC: SIZE, b"DWPSEG\0\1": 0}
_HEADER = struct.Struct("<8sQQH")  # magic, bytes of the record, bytes of the file, of the name
_CHECK = struct.Struct("<I")
_END = struct.Struct("<4sI")
_END_MAGIC = b"END\n"


class Damaged(OSError):
    """What should be a record is none, or its file is not the one that was kept."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "is not what was kept")


@dataclass(frozen=True, slots=True)
class Record:
    name: str  # of the instance, see shared.entry
    offset: int  # of the record in its segment
    size: int  # bytes of the Part 10 file
    checksum: bytes = field(default=b"", compare=False)  # of the file; empty: it has none
    check: int = field(default=0, compare=False)  # of the block; its mark has it too

    @property
    def data(self) -> int:
        """Where the Part 10 file begins."""
        return self.offset + BLOCK

    @property
    def length(self) -> int:
        """Bytes of the record."""
        return length_of(self.size)

    def prove(self, data: bytes | memoryview) -> None:
        """That it is the whole file that was kept. Raises Damaged."""
        if len(data) != self.size or (self.checksum and checksum(data) != self.checksum):
            raise Damaged


@contextmanager
def unreadable_is_damaged() -> Iterator[None]:
    """What a disk cannot read is lost. Raises Damaged then."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EIO:
            raise Damaged from error
        raise


def length_of(size: int) -> int:
    """Bytes of a record that holds a file of `size` bytes."""
    return BLOCK + whole(size + MARK)


def whole(length: int) -> int:
    """As many blocks as that takes, in bytes."""
    return -(-length // BLOCK) * BLOCK


def frame(record: memoryview, name: str, size: int, summed: bytes) -> None:
    """Complete a record, whose file is in its place already; `summed`: its checksum."""
    length, end, encoded = len(record), BLOCK + size, name.encode()
    head = _HEADER.pack(MAGIC, length, size, len(encoded))
    head += summed + encoded
    check = zlib.crc32(head)
    head += _CHECK.pack(check)
    record[:BLOCK] = head.ljust(BLOCK, b"\0")
    record[end : length - MARK] = bytes(length - MARK - end)
    record[length - MARK :] = _END.pack(_END_MAGIC, check)


def parsed(block: bytes, offset: int) -> Record | None:
    """Of the first block of a record; None for zeros. Raises Damaged."""
    if not block.startswith(MAGIC) and not block.strip(b"\0"):
        return None
    if len(block) < BLOCK:
        raise Damaged
    magic, length, size, named = _HEADER.unpack_from(block)
    begin = _HEADER.size + SUMMED.get(magic, BLOCK)
    end = begin + named
    if end + _CHECK.size > BLOCK:
        raise Damaged
    [check] = _CHECK.unpack_from(block, end)
    if not LARGEST >= length == length_of(size) or check != zlib.crc32(block[:end]):
        raise Damaged
    name = block[begin:end].decode(errors="replace")
    return Record(name, offset, size, block[_HEADER.size : begin], check)


def begun_at(segment: int, offset: int) -> Record | None:
    """The record of an open segment, whether it was completed or not; None where it was removed.
    Raises OSError, of which Damaged is one.
    """
    return parsed(os.pread(segment, BLOCK, offset), offset)


def is_there(segment: int, record: Record) -> bool:
    """Whether it still was when what was read of it just now was read: a hole reads as zeros, and
    nothing takes the place of one. Raises OSError.
    """
    with unreadable_is_damaged():
        return any(os.pread(segment, len(MAGIC), record.offset))


def is_complete(segment: int, begun: Record) -> bool:
    """Whether it has a mark, as not while it is written, nor where a crash cut that short. Raises
    OSError.
    """
    mark = os.pread(segment, MARK, begun.offset + begun.length - MARK)
    if any(mark) and not begun.checksum and mark != _END.pack(_END_MAGIC, begun.check):
        raise Damaged  # else its file may be whole all the same, and proves it
    return len(mark) == MARK and any(mark)
