"""Segments in which nothing is left wait here to be written again: their blocks are there already,
and often in memory too, so that a commit takes half as long.

Nothing is written over while somebody may still mark what was delivered in it: whoever does holds a
share of the segment, and has proven that it still has its name (OpenSegment.staying).
"""

import math
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from shared import segment
from shared.regular import CAREFUL
from shared.scan import is_empty
from shared.segment import generation_of, is_named, lock, unlock

FOLDER = ".free"
SLOTS = 8
MODE = 0o750
KEPT = 60.0  # seconds that one waits: what is in it was delivered, and is patient data
SCARCE = 2 * 1024**3  # bytes that are free; with less none waits
SMALLEST = 1024 * 1024  # bytes; a smaller one is not worth it
PATIENCE, PAUSE = 0.1, 0.0005  # seconds for who holds a lock for a moment, between looks

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
            if not _is_nobodys(os.lstat(slot)):
                continue
            os.rename(slot, path)  # noqa: PTH104
            if (descriptor := _locked(path)) is not None:
                return descriptor
            os.unlink(path)  # noqa: PTH108
    return None


def part_with(path: str, descriptor: int, is_done: IsDone = is_empty) -> bool:
    """A segment in which nothing is left, and to which nothing will come: whoever appends to one
    holds its lock. Whether it is gone. Raises OSError.
    """
    if not lock(descriptor):
        return False
    try:
        if not is_done(descriptor, generation_of(path)) or not is_named(path, descriptor):
            return False
        if not _give(path, descriptor):
            with suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108
        return True
    finally:
        unlock(descriptor)


def _give(path: str, descriptor: int) -> bool:
    """Whether it waits now to be written again."""
    found = os.fstat(descriptor)
    if not generation_of(path) or not _is_nobodys(found) or found.st_size < SMALLEST:
        return False
    with suppress(OSError):
        free = [each for each in _slots(path.rsplit("/", 3)[0]) if not os.path.lexists(each)]
        if free and not is_scarce(descriptor) and segment.claim(descriptor):
            try:
                os.rename(path, free[0])  # noqa: PTH104  what waits there by now is removed so
            finally:
                segment.let_go(descriptor)
            return True
    return False


def is_scarce(descriptor: int) -> bool:
    """Whether there is so little space that what is not needed must go at once. Raises OSError."""
    found = os.fstatvfs(descriptor)
    return found.f_bavail * found.f_frsize < SCARCE


def _is_nobodys(found: os.stat_result) -> bool:
    """Whether it is a file without a second name, as a backup may have given it."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _locked(path: str) -> int | None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | CAREFUL | segment.DIRECT)
        with suppress(OSError):
            if (
                _is_locked(descriptor)
                and is_named(path, descriptor)
                and _is_nobodys(os.fstat(descriptor))
            ):
                return descriptor
        os.close(descriptor)
    return None


def _is_locked(descriptor: int) -> bool:
    """By us; whoever gave it is about to let go of it. Raises OSError."""
    end = time.monotonic() + PATIENCE
    while not lock(descriptor):
        if time.monotonic() > end:
            return False
        time.sleep(PAUSE)
    return True


def _slots(root: str) -> list[str]:
    return [f"{root}/{FOLDER}/{each}{segment.SUFFIX}" for each in range(SLOTS)]
