"""Segments: files that hold many instances one after the other, written once and never changed.

An instance is a record: a block with what is known of it, its Part 10 file, and zeros up to a mark
at the end of a block. What was delivered becomes a hole, which takes no space. Records are only
appended, so that nothing of one instance can ever stand in the place of another.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import secrets
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.regular import CAREFUL, proven

SUFFIX = ".seg"
BLOCK = 4096  # bytes; what direct writes are aligned to
MARK = 8  # bytes at the end of a record
LARGEST = 1024 * 1024  # bytes of a record; what is larger gets a file of its own

_MAGIC = b"DWPSEG\0\1"
_HEADER = struct.Struct("<8sQQH")  # magic, bytes of the record, bytes of the file, of the name
_CHECK = struct.Struct("<I")
_END = struct.Struct("<4sI")
_END_MAGIC = b"END\n"
_PUNCH_HOLE = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE: fallocate(2)
DIRECT: int = getattr(os, "O_DIRECT", 0)  # Linux; there are segments nowhere else
_ADVISE = getattr(os, "posix_fadvise", None)
_SEEK_DATA: int | None = getattr(os, "SEEK_DATA", None)


class Damaged(OSError):
    """What should be a record is none."""

    def __init__(self) -> None:
        super().__init__(errno.EIO, "is not what was kept")


@dataclass(frozen=True, slots=True)
class Record:
    name: str  # of the instance, see shared.entry
    offset: int  # of the record in its segment
    size: int  # bytes of the Part 10 file

    @property
    def data(self) -> int:
        """Where the Part 10 file begins."""
        return self.offset + BLOCK

    @property
    def length(self) -> int:
        """Bytes of the record."""
        return length_of(self.size)


def length_of(size: int) -> int:
    """Bytes of a record that holds a file of `size` bytes."""
    return BLOCK + whole(size + MARK)


def whole(length: int) -> int:
    """As many blocks as that takes, in bytes."""
    return -(-length // BLOCK) * BLOCK


def frame(record: memoryview, name: str, size: int) -> None:
    """Complete a record, whose file is in its place already."""
    length = len(record)
    head = _head(name, size)
    check = zlib.crc32(head)
    head += _CHECK.pack(check)
    record[:BLOCK] = head.ljust(BLOCK, b"\0")
    record[BLOCK + size : length - MARK] = bytes(length - MARK - BLOCK - size)
    record[length - MARK :] = _END.pack(_END_MAGIC, check)


def unmarked(record: memoryview) -> memoryview:
    """Take the mark from a record that was framed; the mark, to be written after it."""
    mark = bytes(record[-MARK:])
    record[-MARK:] = bytes(MARK)
    return memoryview(mark)


def is_there(segment: int, record: Record) -> bool:
    """Whether it still was when what was read of it just now was read: a hole reads as zeros, and
    nothing takes the place of one. Raises OSError.
    """
    return os.pread(segment, len(_MAGIC), record.offset) == _MAGIC


def begun_at(segment: int, offset: int) -> Record | None:
    """The record of an open segment, whether it was completed or not; None where it was removed.
    Raises OSError, of which Damaged is one.
    """
    return parsed(os.pread(segment, BLOCK, offset), offset)


def parsed(block: bytes, offset: int) -> Record | None:
    """Of the first block of a record; None for zeros. Raises Damaged."""
    if not block.strip(b"\0"):
        return None
    if len(block) < BLOCK:
        raise Damaged
    magic, length, size, named = _HEADER.unpack_from(block)
    end = _HEADER.size + named
    if magic != _MAGIC or end + _CHECK.size > BLOCK or not LARGEST >= length == length_of(size):
        raise Damaged
    if _CHECK.unpack_from(block, end)[0] != zlib.crc32(block[:end]):
        raise Damaged
    return Record(block[_HEADER.size : end].decode(errors="replace"), offset, size)


def is_complete(segment: int, begun: Record) -> bool:
    """Not where a write is under way or was cut short: nobody was told Success. Raises OSError."""
    mark = os.pread(segment, MARK, begun.offset + begun.length - MARK)
    if mark.strip(b"\0") and mark != _END.pack(
        _END_MAGIC, zlib.crc32(_head(begun.name, begun.size))
    ):
        raise Damaged
    return len(mark) == MARK and any(mark)


def _head(name: str, size: int) -> bytes:
    encoded = name.encode()
    return _HEADER.pack(_MAGIC, length_of(size), size, len(encoded)) + encoded


def records(segment: int) -> Iterator[Record | int]:
    """Of an open segment, in order; the offset where something is that is no record. Raises
    OSError.
    """
    begin = 0
    while (offset := _data_from(segment, begin)) is not None:
        try:
            begun = begun_at(segment, offset)
            complete = begun and is_complete(segment, begun)
        except OSError as error:
            if error.errno != errno.EIO:  # as Damaged has, and a disk that cannot read a block
                raise
            yield offset
            begin = _after_damage(segment, offset)
            continue
        if begun and complete:
            yield begun
        begin = offset + (begun.length if begun else BLOCK)


def punch(segment: int, *records: Record) -> None:
    """Make records a hole that follow one another without a gap. Raises OSError."""
    _punch(segment, records[0].offset, sum(each.length for each in records))


def is_empty(segment: int) -> bool:
    """Whether nothing is left in it but holes. Raises OSError."""
    return _data_from(segment, 0) is None


def holds_nothing(segment: int) -> bool:
    """Whether nothing is left in it but holes, and what a crash cut short: nobody was told that it
    is safe. Raises OSError.
    """
    return next(records(segment), None) is None


def remove_if_done(path: Path, segment: int, is_done: Callable[[int], bool] = is_empty) -> bool:
    """Remove a segment in which nothing is left and to which nothing will come: whoever appends to
    one holds its lock. Whether it is gone. Raises OSError.
    """
    if not is_done(segment) or not lock(segment):
        return False
    try:
        if is_done(segment) and is_named(path, segment):
            path.unlink(missing_ok=True)
            return True
    finally:
        fcntl.flock(segment, fcntl.LOCK_UN)
    return False


def lock(segment: int) -> bool:
    """Whether it was had; never waits. Raises OSError."""
    try:
        fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_named(path: str | Path, segment: int) -> bool:
    """Whether the path leads to it, and not to another one or to nothing. Raises OSError."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(segment))
    except FileNotFoundError:
        return False


def open_to_read(path: str) -> int:
    """A segment, and nothing else that has its name. Raises OSError."""
    segment = proven(os.open(path, os.O_RDONLY | CAREFUL))
    if _ADVISE:  # a record is read once: what is around it would only be in the way
        _ADVISE(segment, 0, 0, os.POSIX_FADV_RANDOM)
    return segment


def open_again(segment: int, flags: int) -> int:
    """The same file, whatever its name leads to now. Raises OSError, but never that it is gone."""
    try:
        return os.open(f"/proc/self/fd/{segment}", flags | os.O_CLOEXEC)
    except FileNotFoundError:  # it was closed, or there is no /proc
        raise OSError(errno.EBADF, os.strerror(errno.EBADF)) from None


def create(path: str, mode: int) -> int:
    """A new segment to append to. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | DIRECT, mode)


def create_locked(path: Path, mode: int) -> int:
    """As create, and nobody removes it. Raises OSError; FileExistsError where whoever tidies was
    faster than the lock, as well.
    """
    segment = create(str(path), mode)
    try:
        if lock(segment) and is_named(path, segment):
            return segment
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    except OSError:
        os.close(segment)
        raise


def are_possible(folder: Path) -> bool:
    """Whether the file system can do what segments need: direct writes, holes, and to find them;
    and whether there is a /proc to open them by again.
    """
    if not DIRECT or _SEEK_DATA is None:
        return False
    probe = folder / f".probe-{secrets.token_hex(8)}{SUFFIX}"
    with suppress(OSError), mmap.mmap(-1, 2 * BLOCK) as blocks:
        segment = create(str(probe), 0o640)
        try:
            blocks[:] = b"\1" * len(blocks)
            os.pwrite(segment, blocks, 0)
            _punch(segment, 0, BLOCK)
            os.close(open_again(segment, os.O_WRONLY))
            return _data_from(segment, 0) == BLOCK and lock(segment)
        finally:
            os.close(segment)
            probe.unlink()
    return False


def _data_from(segment: int, offset: int) -> int | None:
    """The first block from there on that is no hole."""
    try:
        found = os.lseek(segment, offset, _SEEK_DATA or os.SEEK_SET)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise
    return max(offset, found // BLOCK * BLOCK)


def _after_damage(segment: int, offset: int) -> int:
    """The next block that begins like a record."""
    while (found := _data_from(segment, offset + BLOCK)) is not None:
        offset = found
        with suppress(OSError):
            if os.pread(segment, len(_MAGIC), offset) == _MAGIC:
                return offset
    return os.fstat(segment).st_size


def _punch(segment: int, offset: int, length: int) -> None:
    if _fallocate is None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    if _fallocate(segment, _PUNCH_HOLE, offset, length):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _load_fallocate() -> "ctypes._NamedFuncPointer":
    function = ctypes.CDLL(None, use_errno=True).fallocate
    function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return function


_fallocate = _load_fallocate() if DIRECT else None
