"""What is damaged in a segment is set aside as it is on the disk, and leaves a hole.

Where the first block of a record is lost nobody knows what instance it was, but its file may still
be there: an operator may look, and the segment goes once it is empty.
"""

import calendar
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared import pool, removal, scan, segment
from shared.entry import SEGMENT, SUFFIX, Entry, name_of
from shared.errors import SpoolError
from shared.faults import spool_fault
from shared.kept import Kept, as_it_is, in_blocks, place
from shared.record import BLOCK, Damaged, length_of, unreadable_is_damaged
from shared.regular import CAREFUL, proven
from shared.scan import Damage
from shared.sync import sync_folder

PREFIX_AT, PREFIX = 128, b"DICM"  # PS3.10 7.1


class InUse(OSError):
    """Somebody appends to the segment: what seems damaged may be under way."""


class _Stretch(Kept):
    """What there is between two records, or a record and a hole."""

    def __init__(self, descriptor: int, offset: int, end: int) -> None:
        """`offset`: where the damage begins."""
        super().__init__(descriptor, end - offset - BLOCK)
        self.descriptor = descriptor
        self.whole = (offset, end - offset)
        self._begin = offset + BLOCK
        if self.read(len(PREFIX), PREFIX_AT) != PREFIX:  # not even a file is left
            self._begin, self.size = self.whole

    def read(self, length: int, offset: int) -> bytes:
        return in_blocks(self._pread, length, offset, self.size)

    def _pread(self, length: int, offset: int) -> bytes:
        with unreadable_is_damaged:
            return os.pread(self.descriptor, length, self._begin + offset)


def named(root: Path, path: str) -> Entry:
    """What it is called in quarantine; `path`: of the segment, and the offset of the damage. Raises
    FileNotFoundError where nothing is damaged there, SpoolError for anything else.
    """
    try:
        return _named(root, path)
    except FileNotFoundError:
        raise
    except ValueError:  # of a time that there never was, or too far from the beginning
        raise SpoolError(f"{path}: is no place that is written to") from None
    except InUse:
        raise SpoolError(f"{path}: its segment is still written to") from None
    except OSError as error:
        raise spool_fault(error, "set aside what is damaged") from None


def _named(root: Path, path: str) -> Entry:
    segment_path, _, offset = path.rpartition("/")
    file_name = segment_path.rpartition("/")[2]
    if not re.fullmatch(SEGMENT, file_name, re.ASCII):
        raise FileNotFoundError
    stamp, process = file_name.removesuffix(segment.SUFFIX).split("-")[:2]
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
        pool.part_with(where[0], found.descriptor)


def move_as_it_is(path: Path, target: Path) -> None:
    """As removal.move, of an instance in a segment, also where it is not what was kept."""
    with as_it_is(path) as kept:
        removal.copy(kept, target)
        length = length_of(kept.size)
    sync_folder(str(target.parent))
    try:
        removal.remove(path)
    except Damaged:
        _clear(path, length)


def _clear(path: Path, length: int) -> None:
    """Where its head is damaged, its path alone is no proof: what is damaged must be as long."""
    where = place(path)
    with suppress(OSError):
        if where:
            with _damaged(Path(where[0]), where[1]) as found:
                if found.whole == (where[1], length):
                    segment.make_hole(found.descriptor, *found.whole)


@contextmanager
def _damaged(path: Path, offset: int) -> Iterator[_Stretch]:
    descriptor = proven(os.open(path, os.O_RDWR | CAREFUL))
    try:
        if not segment.lock(descriptor) or not segment.is_named(path, descriptor):
            raise InUse
        for found in scan.records(descriptor, segment.generation_of(path), alone=True):
            if isinstance(found, Damage) and found.offset == offset:
                yield _Stretch(descriptor, *found)
                return
        raise FileNotFoundError  # nothing is damaged
    finally:
        os.close(descriptor)
