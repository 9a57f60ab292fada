"""Segments in which nothing is left wait here to be written again: their blocks are there already,
and often in memory too, so that a commit takes half as long.

Nothing is written over while somebody may still mark what was delivered in it: whoever does holds a
lock on this folder (`staying`), and proves that the segment still has its name.
"""

import errno
import fcntl
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared import segment
from shared.scan import is_empty
from shared.segment import generation_of, is_named, lock, unlock

FOLDER = ".free"
SLOTS = 8
MODE = 0o750
KEPT = 60.0  # seconds that one waits: what is in it was delivered, and is patient data
SHARE = 64  # of the space that is free, one part of so many for each
SMALLEST = 1024 * 1024  # bytes; a smaller one is not worth it
PATIENCE = 0.1  # seconds for who holds a lock for a moment
_PAUSE = 0.0005  # seconds

IsDone = Callable[[int, bytes], bool]


def begin(root: Path) -> None:
    """Before anything is kept. What an earlier process left is not used: after a power failure it
    may have another name as well. Raises OSError.
    """
    (root / FOLDER).mkdir(MODE, exist_ok=True)
    empty(root, before=math.inf)


def empty(root: Path, *, before: float) -> None:
    """Remove those that wait since before that time, in seconds since 1970. Never raises."""
    for slot in _slots(str(root)):
        with suppress(OSError):
            if os.stat(slot).st_ctime < before:  # noqa: PTH116  as in shared.incoming
                os.unlink(slot)  # noqa: PTH108


def take(root: Path, path: str) -> int | None:
    """A segment under a new name, locked, to be written from its beginning; None: there is none, or
    it cannot be used. Never raises.
    """
    for slot in _slots(str(root)):
        with suppress(OSError):
            os.rename(slot, path)  # noqa: PTH104
            if descriptor := _proven(path):
                return descriptor
            os.unlink(path)  # noqa: PTH108
    return None


@contextmanager
def staying(path: str) -> Iterator[None]:
    """What has that name, of a segment, or none, keeps it meanwhile; but it may be removed. Raises
    OSError.
    """
    try:
        folder = os.open(_folder(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:  # then nothing can be given either
        yield
        return
    try:
        if not _in_time(lambda: _is_locked(folder, fcntl.LOCK_SH)):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        yield
    finally:
        os.close(folder)


def part_with(path: str, descriptor: int, is_done: IsDone = is_empty) -> bool:
    """A segment in which nothing is left, and to which nothing will come: whoever appends to one
    holds its lock. Whether it is gone. Raises OSError.
    """
    generation = generation_of(path)
    if not is_done(descriptor, generation) or not lock(descriptor):
        return False
    try:
        if is_done(descriptor, generation) and is_named(path, descriptor):
            if not _give(path, descriptor):
                with suppress(FileNotFoundError):
                    os.unlink(path)  # noqa: PTH108
            return True
    finally:
        unlock(descriptor)
    return False


def _give(path: str, descriptor: int) -> bool:
    """Whether it waits now to be written again."""
    found = os.fstat(descriptor)
    if not generation_of(path) or found.st_nlink != 1 or found.st_size < SMALLEST:
        return False
    with suppress(OSError):
        if is_scarce(descriptor, found.st_size):
            return False
        folder = os.open(_folder(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if _is_locked(folder, fcntl.LOCK_EX):
                free = [each for each in _slots(_root(path)) if not os.path.lexists(each)]
                if free:
                    os.rename(path, free[0])  # noqa: PTH104
                    return True
        finally:
            os.close(folder)
    return False


def is_scarce(descriptor: int, size: int) -> bool:
    """Whether there is so little space that not even that much of it may wait. Raises OSError."""
    found = os.fstatvfs(descriptor)
    return found.f_bavail * found.f_frsize < SHARE * size


def _proven(path: str) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | segment.DIRECT)
    try:
        locked = _in_time(lambda: lock(descriptor))  # whoever gave it is about to let go of it
        if locked and is_named(path, descriptor) and os.fstat(descriptor).st_nlink == 1:
            return descriptor
    except OSError:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _in_time(had: Callable[[], bool]) -> bool:
    """Whether it was, before long."""
    end = time.monotonic() + PATIENCE
    while not had():
        if time.monotonic() > end:
            return False
        time.sleep(_PAUSE)
    return True


def _slots(root: str) -> list[str]:
    return [f"{root}/{FOLDER}/{each}{segment.SUFFIX}" for each in range(SLOTS)]


def _folder(path: str) -> str:
    return f"{_root(path)}/{FOLDER}"


def _root(path: str) -> str:
    """Of the spool that a segment is in."""
    return path.rsplit("/", 3)[0]


def _is_locked(descriptor: int, how: int) -> bool:
    """By us, now. Raises OSError."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
