"""Segments: files that hold many instances one after the other. See shared.record for what one is
made of, shared.scan for what is found in one, and shared.pool for what becomes of it.

Within a use of the file, which its generation tells, records are only appended: nothing of one
instance can ever stand in the place of another.
"""

import calendar
import ctypes
import errno
import fcntl
import mmap
import os
import re
import secrets
import struct
import time
from contextlib import suppress
from pathlib import Path

from shared.faults import FULL
from shared.record import BLOCK
from shared.regular import CAREFUL, proven

SUFFIX = ".seg"
_PUNCH_HOLE = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE: fallocate(2)
DIRECT: int = getattr(os, "O_DIRECT", 0)  # Linux; there are segments nowhere else
QUIET = 60.0  # seconds after which what was removed gives back its space, beside what stays
_SET_LOCK: int = getattr(fcntl, "F_OFD_SETLK", -1)  # Linux
_FLOCK = "@hhqqi4x"  # struct flock of a 64-bit Linux: type, whence, start, length, process
_ADVISE = getattr(os, "posix_fadvise", None)
_SEEK_DATA: int | None = getattr(os, "SEEK_DATA", None)
_SEEK_HOLE: int | None = getattr(os, "SEEK_HOLE", None)
_GENERATION = re.compile(rf".*-([0-9a-f]{{8}})-([0-9a-f]{{8}}){re.escape(SUFFIX)}", re.ASCII)


def was_changed(path: str, segment: int) -> bool:
    """Whether somebody removed something from it, and not just now, since it was called unchanged.
    Raises OSError.
    """
    found = os.fstat(segment)
    return found.st_mtime_ns != _unchanged(path) and found.st_mtime < time.time() - QUIET


def call_unchanged(path: str, segment: int) -> None:
    """It is as old as its name says then. To look for what was removed takes long. Raises
    OSError.
    """
    os.utime(segment, ns=(_unchanged(path),) * 2)


def _unchanged(path: str) -> int:
    """Nanoseconds since 1970; 0 for what is no name of ours."""
    with suppress(ValueError):
        return calendar.timegm(time.strptime(path.rpartition("/")[2][:14], "%Y%m%d%H%M%S")) * 10**9
    return 0


def generation_of(path: str | Path) -> bytes:
    """As its name has it; empty for a segment of an earlier version, which is not used again."""
    found = _GENERATION.fullmatch(str(path).rpartition("/")[2])
    return bytes.fromhex(found[1] + found[2]) if found else b""


def is_left(segment: int) -> bool:
    """Whether nobody appends: else a record without a mark may be under way."""
    try:
        fcntl.flock(segment, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # somebody does, or nobody can tell
        return False
    fcntl.flock(segment, fcntl.LOCK_UN)
    return True


def lock(segment: int) -> bool:
    """Whether it was had; never waits. Raises OSError."""
    try:
        fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(segment: int) -> None:
    """Raises OSError."""
    fcntl.flock(segment, fcntl.LOCK_UN)


def share(segment: int) -> bool:
    """Hold a share of it, while what is in it is marked; whether it was had. Raises OSError.

    Of another kind than `lock`, which whoever appends holds: who marks must not wait for that.
    """
    return _has(segment, fcntl.F_RDLCK)


def claim(segment: int) -> bool:
    """Have it alone, of those who share; whether it was had. Raises OSError."""
    return _has(segment, fcntl.F_WRLCK)


def let_go(segment: int) -> None:
    """Of a share, or all of it. Raises OSError."""
    _has(segment, fcntl.F_UNLCK)


def _has(segment: int, kind: int) -> bool:
    """An open file description lock (fcntl(2)) on the whole file; never waits."""
    asked = struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
    try:
        fcntl.fcntl(segment, _SET_LOCK, asked)
    except (BlockingIOError, PermissionError):
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


def forget(segment: int, offset: int, length: int) -> None:
    """Have the disk begin with what is in the page cache alone, and the page cache drop what the
    disk has. Raises OSError.
    """
    if _ADVISE:
        _ADVISE(segment, offset, length, os.POSIX_FADV_DONTNEED)


def open_again(segment: int, flags: int) -> int:
    """The same file, whatever its name leads to now. Raises OSError, but never that it is gone."""
    try:
        return os.open(f"/proc/self/fd/{segment}", flags | os.O_CLOEXEC)
    except FileNotFoundError:  # it was closed, or there is no /proc
        raise OSError(errno.EBADF, os.strerror(errno.EBADF)) from None


def create(path: str, mode: int) -> int:
    """A new segment to append to. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | DIRECT, mode)


def create_locked(path: str, mode: int) -> int:
    """As create, and nobody removes it. Raises OSError; FileExistsError where whoever tidies was
    faster than the lock, as well.
    """
    segment = create(path, mode)
    try:
        if lock(segment) and is_named(path, segment):
            return segment
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    except OSError:
        os.close(segment)
        raise


def are_possible(folder: Path) -> bool:
    """Whether the file system can do what segments need: direct writes, holes, and to find them;
    and whether there is a /proc to open them by again. Raises OSError where it is full: then nobody
    can tell.
    """
    if not DIRECT or _SEEK_DATA is None:
        return False
    probe = folder / f".probe-{secrets.token_hex(8)}{SUFFIX}"
    try:
        segment = create(str(probe), 0o640)
        try:
            return _does_all(segment)
        finally:
            os.close(segment)
            probe.unlink()
    except OSError as error:
        if error.errno in FULL:
            raise
    return False


def _does_all(segment: int) -> bool:
    """Raises OSError."""
    with mmap.mmap(-1, 2 * BLOCK) as blocks:
        blocks[:] = b"\1" * len(blocks)
        if os.pwrite(segment, blocks, 0) < len(blocks):  # what a full disk does
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    make_hole(segment, 0, BLOCK)
    again = open_again(segment, os.O_RDWR)
    try:  # on some network file systems the two kinds of lock are one
        locked = lock(segment) and share(again)
    finally:
        os.close(again)
    return data_from(segment, 0) == BLOCK and locked


def data_from(segment: int, offset: int) -> int | None:
    """The first block from there on that is no hole. Raises OSError."""
    try:
        found = os.lseek(segment, offset, _SEEK_DATA or os.SEEK_SET)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise
    return max(offset, found // BLOCK * BLOCK)


def hole_from(segment: int, offset: int) -> int:
    """Where the data ends that is there. Raises OSError."""
    return os.lseek(segment, offset, _SEEK_HOLE or os.SEEK_END)


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
