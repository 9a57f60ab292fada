"""Where the bytes of a kept instance are: a file of its own, or a record of a segment.

The path of an instance in a segment is <segment>.seg/<offset, hex>/<name>.dcm: it leads to no file,
and everything here takes it like any other.
"""

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO

from shared import logs, open_segment, scan, segment
from shared.entry import OFFSET, SUFFIX, size_of
from shared.errors import SpoolError
from shared.faults import spool_fault
from shared.folders import names
from shared.open_segment import OpenSegment
from shared.record import BLOCK, LARGEST, Damaged, Record, length_of, parsed
from shared.regular import NO_SUCH_PLACE, gone, open_regular
from shared.scan import Damage

REMEMBERED = 2048  # paths: whoever deals with a batch asks for each of them several times

log = logs.get(__name__)

_IN_SEGMENT = re.compile(rf"(.*{re.escape(segment.SUFFIX)})/({OFFSET})/[^/]*", re.ASCII | re.DOTALL)


class Kept:
    """An open instance, in a file of its own."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.size = size  # bytes

    def read(self, length: int, offset: int) -> bytes:
        """As os.pread, of the instance. Raises OSError; FileNotFoundError where it was removed from
        its segment, which leaves an open file without its bytes; Damaged where all of it was read,
        and is not what was kept.
        """
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        os.close(self._descriptor)


class _InSegment(Kept):
    def __init__(self, found: OpenSegment, record: Record, head: bytes) -> None:
        """`head`: how it begins, if that was read."""
        self._segment = found
        self._record = record
        self._head = head
        self.size = record.size

    def read(self, length: int, offset: int) -> bytes:
        length = min(length, max(0, self.size - offset))
        known = offset + length <= len(self._head)
        if known:
            data = self._head[offset : offset + length]
        else:
            data = self._segment.read(self._record, length, offset)
        if length == self.size and self._record.checksum:
            self._prove(data)
        if not known and not self._segment.is_there(self._record):
            raise gone()
        return data

    def _prove(self, data: bytes) -> None:
        try:
            self._record.prove(data)
        except Damaged:
            if self._segment.is_there(self._record):
                raise
            raise gone() from None

    def close(self) -> None:
        self._segment.close()


class _AsItIs(_InSegment):
    """What is on the disk of an instance; zeros for what is not, or cannot be read."""

    def read(self, length: int, offset: int) -> bytes:
        return in_blocks(partial(self._segment.read, self._record), length, offset, self.size)


def in_blocks(read: Callable[[int, int], bytes], length: int, offset: int, end: int) -> bytes:
    """Up to `end`, with zeros for blocks that are not there, or of which `read` raises Damaged."""
    blocks = []
    for at in range(offset, min(offset + length, end), BLOCK):
        most = min(BLOCK, offset + length - at, end - at)
        found = b""
        with suppress(Damaged):
            found = read(most, at)
        blocks.append(found.ljust(most, b"\0"))
    return b"".join(blocks)


def opened(path: Path) -> AbstractContextManager[Kept]:
    """Raises OSError: FileNotFoundError where it is gone; NotRegular, Damaged."""
    return closing(_open(path))


@contextmanager
def as_it_is(path: Path) -> Iterator[Kept]:
    """An instance in a segment, whether it is what was kept or not: no read of it raises Damaged.
    Raises OSError: FileNotFoundError where it is gone, or was kept in a file.
    """
    segment_path, offset = place(path) or ("", 0)
    with closing(open_segment.take(segment_path)) as found, found.staying():
        try:
            record, _ = record_at(found, offset, path)
        except Damaged:  # then its path says where it was, and how long
            record = Record(path.name, offset, _size_told(path))
        yield _AsItIs(found, record, b"")


def _open(path: Path) -> Kept:
    where = place(path)
    if where is None:
        descriptor = open_regular(path)
        return Kept(descriptor, os.fstat(descriptor).st_size)
    found = open_segment.take(where[0])
    try:
        record, head = record_at(found, where[1], path)
    except BaseException:
        found.close()
        raise
    return _InSegment(found, record, head)


def record_at(found: OpenSegment, offset: int, path: Path) -> tuple[Record, bytes]:
    """And how the instance begins, if that is known. Raises OSError: FileNotFoundError, Damaged."""
    head = b""
    if offset % BLOCK:
        raise gone()
    record = found.records.get(offset)
    if record is None:
        data = found.begin(offset)
        record = _parsed(found, data[:BLOCK], offset)
        if record is None:
            blank = found.is_blank(offset, length_of(_size_told(path)))
            raise gone() if blank or not found.is_named else Damaged
        if record.removed or not found.is_there(record):  # asked again: the rest was read after it
            raise gone()
        found.records[offset] = record
        head = data[BLOCK:]
    elif not found.is_there(record):
        raise gone()
    if record.name + SUFFIX != path.name:  # it is another's place now, or never was its own
        raise gone()
    return record, head


def _parsed(found: OpenSegment, block: bytes, offset: int) -> Record | None:
    try:
        return parsed(block, offset, found.generation)
    except Damaged:
        if found.is_named:
            raise
        raise gone() from None  # its segment is used again


def _size_told(path: Path) -> int:
    """Raises FileNotFoundError for a path that was never one of a record."""
    size = size_of(path.name.removesuffix(SUFFIX))
    if length_of(size) > LARGEST:
        raise gone()
    return size


@contextmanager
def stream(path: Path) -> Iterator[BinaryIO]:
    """As opened, to be read like a file. Raises OSError, of which Damaged is one."""
    if place(path) is None:
        with os.fdopen(open_regular(path), "rb") as file:
            yield file
        return
    with opened(path) as kept:
        yield io.BytesIO(kept.read(kept.size, 0))


def size(path: Path) -> int:
    """Bytes there are. Raises OSError: FileNotFoundError where it is gone; Damaged."""
    if place(path) is None:
        return path.lstat().st_size
    with opened(path) as kept:
        return kept.size


def size_at_a_glance(path: Path) -> int:
    """As size; of a record that was removed its size too, while its segment is there."""
    where = place(path)
    if where is None:
        return path.lstat().st_size
    os.stat(where[0])  # noqa: PTH116  strings are what the fast path works with
    return size_of(path.name.removesuffix(SUFFIX))


def exists(path: Path) -> bool:
    """Also where it cannot be read."""
    try:
        size(path)
    except OSError as error:
        return error.errno not in NO_SUCH_PLACE
    return True


def container(path: Path) -> Path:
    """What is changed when the instance is removed: its folder, or its segment."""
    where = place(path)
    return Path(where[0]) if where else path.parent


def folder(path: Path) -> Path:
    """A folder of the spool that is there, beside the instance."""
    where = place(path)
    return Path(where[0]).parent if where else path.parent


def records(path: Path) -> Iterator[Record | Damage]:
    """Of a segment, in order, as of shared.scan; none where there is no such segment. Raises
    SpoolError.
    """
    try:
        descriptor = open_regular(path)
        try:
            for found in scan.records(descriptor, segment.generation_of(path)):
                if isinstance(found, Damage) and not segment.is_named(path, descriptor):
                    return  # it is written again meanwhile
                yield found
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SUCH_PLACE:
            raise spool_fault(error, f"read {path}") from None


def paths(root: Path, folder: str) -> Iterator[str]:
    """Of a folder, or of a segment, below the root. Raises SpoolError."""
    if not folder.endswith(segment.SUFFIX):
        yield from (f"{folder}/{name}" for name in names(root / folder))
        return
    try:
        for found in records(root / folder):
            if isinstance(found, Record):
                yield path_in(folder, found.offset, found.name)
            else:
                log.error("segment.damaged", segment=folder, offset=found.offset)
    except SpoolError as error:  # it hides no other
        log.error("segment.unreadable", segment=folder, reason=str(error))


def path_in(segment_path: str, offset: int, name: str) -> str:
    """Of a record of a segment."""
    return f"{segment_path}/{offset:08x}/{name}{SUFFIX}"


@lru_cache(maxsize=REMEMBERED)
def path_of(root: Path, path: str) -> Path:
    """Below the root. The same object each time, which knows its text and its hash already."""
    return Path(f"{root}/{path}")  # of one part: threads may ask for its text at once


@lru_cache(maxsize=REMEMBERED)
def place(path: Path) -> tuple[str, int] | None:
    """The segment and the offset in it; None for a file of its own."""
    found = _IN_SEGMENT.match(str(path))
    return (found[1], int(found[2], 16)) if found else None
