"""Segments: files that hold many instances one after the other, written once and never changed.

See shared.record for what one is made of. What was delivered becomes a hole, which takes no space.
Records are only appended, so that nothing of one instance can ever stand in the place of another.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from shared.record import BLOCK, MAGIC, SUMMED, Record, begun_at, is_complete
from shared.regular import CAREFUL, proven

SUFFIX = ".seg"
_PUNCH_HOLE = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE: fallocate(2)
DIRECT: int = getattr(os, "O_DIRECT", 0)  # Linux; there are segments nowhere else
_ADVISE = getattr(os, "posix_fadvise", None)
_SEEK_DATA: int | None = getattr(os, "SEEK_DATA", None)


def records(segment: int, *, alone: bool = False) -> Iterator[Record | int]:
    """Of an open segment, in order; the offset where something is that is no record. Whether the
    file in one is what was kept shows when it is read. `alone`: nobody appends to it, as whoever
    has its lock knows. Raises OSError.
    """
    begin = 0
    while (offset := _data_from(segment, begin)) is not None:
        try:
            begun = begun_at(segment, offset)
            if begun and (
                is_complete(segment, begun)
                or (_is_whole(segment, begun) and (alone or _is_left(segment)))
            ):
                yield begun
        except OSError as error:
            if error.errno != errno.EIO:  # as Damaged has, and a disk that cannot read a block
                raise
            yield offset
            begin = _after_damage(segment, offset)
            continue
        begin = offset + (begun.length if begun else BLOCK)


def _is_whole(segment: int, begun: Record) -> bool:
    """Whether all of a file is there that has lost its mark, and can prove itself."""
    return bool(begun.checksum) and os.fstat(segment).st_size >= begun.data + begun.size


def _is_left(segment: int) -> bool:
    """Whether nobody appends: else a record without a mark may be under way."""
    try:
        fcntl.flock(segment, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # somebody does, or nobody can tell
        return False
    fcntl.flock(segment, fcntl.LOCK_UN)
    return True


def punch(segment: int, *records: Record) -> None:
    """Make records a hole that follow one another without a gap. Raises OSError."""
    make_hole(segment, records[0].offset, sum(each.length for each in records))


def is_empty(segment: int) -> bool:
    """Whether nothing is left in it but holes. Raises OSError."""
    return _data_from(segment, 0) is None


def holds_nothing(segment: int) -> bool:
    """Whether nothing is left in it but holes, and what a crash cut short: nobody was told that it
    is safe. Raises OSError.
    """
    return next(records(segment, alone=True), None) is None


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
            make_hole(segment, 0, BLOCK)
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
            if os.pread(segment, len(MAGIC), offset) in SUMMED:
                return offset
    return os.fstat(segment).st_size


def make_hole(segment: int, offset: int, length: int) -> None:
    """Raises OSError."""
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
