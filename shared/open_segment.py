"""Segments that are open: to be read through the page cache or past it, and to be changed.

Whoever deals with many instances says so (`held`): then each of their segments is opened once.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from shared import segment
from shared.record import (
    BLOCK,
    LARGEST,
    MAGIC,
    PREFIX,
    REMOVED,
    Record,
    begins,
    is_blank,
    unreadable_is_damaged,
    whole,
)
from shared.regular import gone
from shared.segment import DIRECT

HEAD = 2 * BLOCK  # bytes: what is known of an instance, and how it begins
LARGE = 64 * 1024  # bytes; so many are read past the page cache where they are not in it
MOST = 64  # segments held at once: each takes up to three descriptors, of 1,024 as a rule
_AT_ONCE: int = getattr(os, "RWF_NOWAIT", 0)  # Linux: what is in the page cache, or nothing


class OpenSegment:
    """Not for several threads at once."""

    __slots__ = (
        "_again",
        "_alive",
        "_cached",
        "_descriptor",
        "generation",
        "held",
        "path",
        "records",
    )

    def __init__(self, path: str) -> None:
        """Raises OSError."""
        self.path = path
        self.generation = segment.generation_of(path)
        self._alive = MAGIC + self.generation  # how a record begins, unless the segment is an older
        self.held = False  # see held
        self.records: dict[int, Record] = {}  # by offset, as they were; see is_there
        self._descriptor = segment.open_to_read(path)
        self._again: dict[int, int] = {}
        self._cached: set[int] = set()  # offsets of records that were in the page cache

    @property
    def to_change(self) -> int:
        """The same file, also where its name is another's now. Raises OSError."""
        return self._opened(os.O_RDWR)

    def begin(self, offset: int) -> bytes:
        """The HEAD of a record. Raises OSError."""
        head = self._at_once(offset)
        if head:
            self._cached.add(offset)
        with unreadable_is_damaged:
            return head or os.pread(self._descriptor, HEAD, offset)

    def read(self, record: Record, length: int, offset: int) -> bytes:
        """As os.pread, at most LARGEST bytes. Raises OSError. Who wrote a record just now may have
        left it in the page cache; else that would cost more than the disk.
        """
        at = record.data + offset
        with unreadable_is_damaged:
            if length < LARGE or record.offset in self._cached:
                return os.pread(self._descriptor, length, at)
            return self._directly(length, at)

    def _directly(self, length: int, at: int) -> bytes:
        before = at % BLOCK  # direct reads begin and end at the bounds of blocks
        end = min(before + length, LARGEST)
        view = _buffer()
        found = os.preadv(self._opened(os.O_RDONLY | DIRECT), [view[: whole(end)]], at - before)
        return bytes(view[before : min(end, found)])

    def is_there(self, record: Record) -> bool:
        """Whether it still was when what was read of it just now was read: not where it was
        removed, nor where the segment is used again. Raises OSError.
        """
        with unreadable_is_damaged:
            data = os.pread(self._descriptor, PREFIX, record.offset)
        if data == self._alive:
            return True
        if not any(data) or data.startswith(REMOVED):
            return False
        return begins(data, self.generation) or self.is_named

    @property
    def is_named(self) -> bool:
        """Whether it still has its name. Raises OSError."""
        return segment.is_named(self.path, self._descriptor)

    @contextmanager
    def staying(self) -> Iterator[None]:
        """It keeps its name meanwhile, unless it is removed: what is in it is not written over.
        Raises FileNotFoundError where nothing is left in it, and it may be about to; OSError.
        """
        if not self.generation:  # never written again
            yield
            return
        if not segment.share(self._descriptor):
            raise gone()
        try:
            if not self.is_named:
                raise gone()
            yield
        finally:
            segment.let_go(self._descriptor)

    def mark_removed(self, record: Record) -> None:
        """While it stays. Raises OSError."""
        os.pwrite(self.to_change, REMOVED, record.offset)

    def is_blank(self, offset: int, length: int) -> bool:
        """Whether nothing is there, as where a record was removed. Raises OSError."""
        return is_blank(os.pread(self._descriptor, length, offset))

    def close(self) -> None:
        """Unless it is held: then whoever holds it does. From any thread, any number of times: a
        reader that was left behind may be tidied up anywhere, and late. Who reads on gets OSError.
        """
        if self.held:
            return
        those = [self._descriptor, *self._again.values()] if self._descriptor >= 0 else []
        self._descriptor = -1
        self._again.clear()
        for each in those:
            os.close(each)

    def _at_once(self, offset: int) -> bytes:
        if not _AT_ONCE:
            return b""
        view = _buffer()[:HEAD]
        try:
            found = os.preadv(self._descriptor, [view], offset, _AT_ONCE)
        except OSError:  # it is not there, or the file system cannot tell
            return b""
        return bytes(view) if found == HEAD else b""

    def _opened(self, flags: int) -> int:
        if flags not in self._again:
            self._again[flags] = segment.open_again(self._descriptor, flags)
        return self._again[flags]


class _Local(local):
    """Of this thread."""

    def __init__(self) -> None:
        self.held: dict[str, OpenSegment] | None = None
        self.buffer = memoryview(b"")


_local = _Local()


@contextmanager
def held() -> Iterator[None]:
    """What this thread opens meanwhile, of MOST segments, stays open until the end, and is not
    looked for by its name again: not for longer than it takes to deal with some instances.
    """
    if _local.held is not None:
        yield
        return
    _local.held = {}
    try:
        yield
    finally:
        those, _local.held = _local.held, None
        for each in those.values():
            each.held = False
            each.close()


def take(path: str) -> OpenSegment:
    """To be closed by whoever takes it. Raises OSError."""
    those = _local.held
    found = those.get(path) if those else None
    if found is None:
        found = OpenSegment(path)
        if those is not None and len(those) < MOST:
            those[path] = found
            found.held = True
    return found


def _buffer() -> memoryview:
    """On a page's boundary, as direct reads need it."""
    if not _local.buffer:
        _local.buffer = memoryview(mmap.mmap(-1, LARGEST))
    return _local.buffer
