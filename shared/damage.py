"""What is damaged in a segment is set aside as it is on the disk, and leaves a hole.

Where the first block of a record is lost nobody knows what instance it was, but its file may still
be there: an operator may look, and the segment goes once it is empty.
"""

import calendar
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared import removal, segment
from shared.entry import SUFFIX, Entry, name_of
from shared.kept import Kept, place
from shared.record import BLOCK, Record
from shared.regular import CAREFUL, proven
from shared.sync import sync_folder

PREFIX_AT, PREFIX = 128, b"DICM"  # PS3.10 7.1


class InUse(OSError):
    """Somebody appends to the segment: what seems damaged may be under way."""


class _Stretch(Kept):
    """What there is between two records, or a record and a hole."""

    def __init__(self, descriptor: int, offset: int, end: int) -> None:
        """`offset`: where the damage begins."""
        prefix = os.pread(descriptor, len(PREFIX), offset + BLOCK + PREFIX_AT)
        self._begin = offset + (BLOCK if prefix == PREFIX else 0)  # else not even a file is left
        self.descriptor = descriptor
        self.whole = (offset, end - offset)
        super().__init__(descriptor, end - self._begin)

    def read(self, length: int, offset: int) -> bytes:
        left = max(0, self.size - offset)
        return os.pread(self._descriptor, min(length, left), self._begin + offset)


def named(root: Path, path: str) -> Entry:
    """What it is called in quarantine; `path`: of the segment, and the offset of the damage. Raises
    OSError: FileNotFoundError where nothing is damaged there; InUse.
    """
    segment_path, _, offset = path.rpartition("/")
    stamp, _, process = segment_path.rpartition("/")[2].removesuffix(segment.SUFFIX).partition("-")
    with _damaged(Path(f"{root}/{segment_path}"), int(offset, 16)) as found:
        size = found.size
    seconds = calendar.timegm(time.strptime(stamp, "%Y%m%d%H%M%S"))
    name = name_of(seconds * 10**9 + int(offset, 16), int(process, 16), size)
    return Entry(f"{path}/{name}{SUFFIX}", size)


def move(path: Path, target: Path) -> None:
    """As removal.move, of what `named` gave a name to. Raises OSError."""
    where = place(path)
    if where is None:
        raise FileNotFoundError
    with _damaged(Path(where[0]), where[1]) as found:
        removal.copy(found, target)
        sync_folder(str(target.parent))
        segment.make_hole(found.descriptor, *found.whole)
        segment.remove_if_done(Path(where[0]), found.descriptor)


@contextmanager
def _damaged(path: Path, offset: int) -> Iterator[_Stretch]:
    descriptor = proven(os.open(path, os.O_RDWR | CAREFUL))
    try:
        if not segment.lock(descriptor):
            raise InUse
        yield _Stretch(descriptor, offset, _end(descriptor, offset))
    finally:
        os.close(descriptor)


def _end(descriptor: int, damage: int) -> int:
    """Raises FileNotFoundError where nothing is damaged."""
    found = segment.records(descriptor)
    if damage not in found:
        raise FileNotFoundError
    after = next(found, None)
    hole = os.lseek(descriptor, damage, os.SEEK_HOLE)
    if after is None:
        return hole
    return min(hole, after.offset if isinstance(after, Record) else after)
