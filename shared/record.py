"""What a segment consists of: records, of one instance each.

A record is a block with what is known of it, its Part 10 file, and zeros up to a mark at the end of
a block. The block has a checksum of the file: what a disk lost is told, never sent. Block and mark
have the generation of their segment, as its name has: where a file is used again, what was left of
an earlier use is no record.
"""

import errno
import os
import struct
import zlib
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple

from shared.checksum import SIZE, proves

BLOCK = 4096  # bytes; what direct writes are aligned to
MARK = 8  # bytes at the end of a record
LARGEST = 1024 * 1024  # bytes of a record; what is larger gets a file of its own
GENERATION = 8  # bytes

MAGIC = b"DWPSEG\0\3"
REMOVED = bytes(each ^ 0xFF for each in MAGIC)  # in its place: no disk makes the one of the other


class _Form(NamedTuple):
    """Of the head of a record."""

    generation: int  # bytes
    checksum: int  # bytes
    begun: int  # CRC-32 of what it begins with


# By what a record begins with. Earlier segments had no generation, the first no checksum.
FORMS = {
    magic: _Form(generation, checksum, zlib.crc32(magic))
    for magic, generation, checksum in (
        (MAGIC, GENERATION, SIZE),
        (b"DWPSEG\0\2", 0, SIZE),
        (b"DWPSEG\0\1", 0, 0),
    )
}
PREFIX = len(MAGIC) + GENERATION  # bytes that tell a record from anything else
_LENGTHS = struct.Struct("<QQH")  # bytes of the record, of the file, of the name
_HEAD = struct.Struct(f"<{len(MAGIC)}s{GENERATION}sQQH{SIZE}s")
_CHECK = struct.Struct("<I")
_END = struct.Struct("<4sI")  # as the mark was without a generation
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
    mark: bytes = field(default=b"", compare=False)  # as it must be
    removed: bool = field(default=False, compare=False)

    @property
    def data(self) -> int:
        """Where the Part 10 file begins."""
        return self.offset + BLOCK

    @property
    def length(self) -> int:
        """Bytes of the record."""
        return length_of(self.size)

    @property
    def end(self) -> int:
        """Where the next one may begin."""
        return self.offset + self.length

    def prove(self, data: bytes | memoryview) -> None:
        """That it is the whole file that was kept. Raises Damaged."""
        if len(data) != self.size or (self.checksum and not proves(data, self.checksum)):
            raise Damaged


class _UnreadableIsDamaged:
    """What a disk cannot read meanwhile is lost. Raises Damaged then."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and error.errno == errno.EIO:
            raise Damaged from error


unreadable_is_damaged = _UnreadableIsDamaged()  # as a generator it would take four times as long


def length_of(size: int) -> int:
    """Bytes of a record that holds a file of `size` bytes."""
    return BLOCK + whole(size + MARK)


def whole(length: int) -> int:
    """As many blocks as that takes, in bytes."""
    return -(-length // BLOCK) * BLOCK


def frame(record: memoryview, name: str, size: int, summed: bytes, generation: bytes) -> None:
    """Complete a record, whose file is in its place already; `summed`: its checksum."""
    length, end, encoded = len(record), BLOCK + size, name.encode()
    head = _HEAD.pack(MAGIC, generation, length, size, len(encoded), summed) + encoded
    head += _CHECK.pack(zlib.crc32(head))
    record[:BLOCK] = head.ljust(BLOCK, b"\0")
    record[end : length - MARK] = bytes(length - MARK - end)
    record[length - MARK :] = generation


def _crc(block: bytes, form: _Form, end: int) -> int:
    """As it was before the record was removed."""
    return zlib.crc32(block[len(MAGIC) : end], form.begun)


def begins(data: bytes, generation: bytes) -> bool:
    """Whether a record of that generation begins like this, removed or not."""
    return _form(data, generation) is not None


def _form(data: bytes, generation: bytes) -> _Form | None:
    form = FORMS.get(MAGIC if data.startswith(REMOVED) else data[: len(MAGIC)])
    if form and data[len(MAGIC) : len(MAGIC) + form.generation] == generation:
        return form
    return None


def is_blank(data: bytes) -> bool:
    """Whether there is nothing: where two remove a record at once, the one may mark it after the
    other, or whoever tidies, has made it a hole.
    """
    return not data.removeprefix(REMOVED).strip(b"\0")


def parsed(block: bytes, offset: int, generation: bytes) -> Record | None:
    """Of the first block of a record; None for zeros. Raises Damaged for anything else."""
    form = _form(block, generation)
    if form is None:
        if not is_blank(block):
            raise Damaged
        return None
    if len(block) < BLOCK:
        raise Damaged
    at = len(MAGIC) + form.generation
    length, size, named = _LENGTHS.unpack_from(block, at)
    begin = at + _LENGTHS.size + form.checksum
    end = begin + named
    if end + _CHECK.size > BLOCK:
        raise Damaged
    [check] = _CHECK.unpack_from(block, end)
    if not LARGEST >= length == length_of(size) or check != _crc(block, form, end):
        raise Damaged
    name = block[begin:end].decode(errors="replace")
    mark = generation or _END.pack(_END_MAGIC, check)
    summed, removed = block[begin - form.checksum : begin], block.startswith(REMOVED)
    return Record(name, offset, size, summed, mark, removed)


def begun_at(segment: int, offset: int, generation: bytes) -> Record | None:
    """The record of an open segment, whether it was completed or not; None where there are zeros.
    Raises OSError, of which Damaged is one.
    """
    return parsed(os.pread(segment, BLOCK, offset), offset, generation)


def is_complete(segment: int, begun: Record) -> bool:
    """Whether it has a mark, as not while it is written, nor where a crash cut that short. Raises
    OSError.
    """
    mark = os.pread(segment, MARK, begun.end - MARK)
    if any(mark) and not begun.checksum and mark != begun.mark:
        raise Damaged  # else its file may be whole all the same, and proves it
    return mark == begun.mark


def proves_itself(segment: int, begun: Record) -> bool:
    """Whether its file is all there. Raises OSError."""
    try:
        begun.prove(os.pread(segment, begun.size, begun.data))
    except Damaged:
        return False
    return bool(begun.checksum)
