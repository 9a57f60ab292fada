"""Where the bytes of a kept instance are: a file of its own, or a record of a segment.

The path of an instance in a segment is <segment>.seg/<offset, hex>/<name>.dcm: it leads to no file,
and everything here takes it like any other.
"""

import errno
import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared import segment
from shared.direct import Direct
from shared.entry import OFFSET, SUFFIX, size_of
from shared.faults import spool_fault
from shared.regular import CAREFUL, NO_SUCH_PLACE, open_regular
from shared.segment import Record
from shared.sync import sync_data, sync_folder

PIECE = 1024 * 1024  # bytes copied at a time
LARGE = 64 * 1024  # bytes; so many are read past the page cache, which has no use for them
MODE = 0o640

_IN_SEGMENT = re.compile(rf"(.*{re.escape(segment.SUFFIX)})/({OFFSET})/[^/]*", re.ASCII | re.DOTALL)


class Kept:
    """An open instance."""

    __slots__ = ("_descriptor", "_direct", "_head", "_record", "size")

    def __init__(
        self, descriptor: int, size: int, record: Record | None = None, head: bytes = b""
    ) -> None:
        """`record`: where it is in a segment; `head`: how it begins, if that was read."""
        self._descriptor = descriptor
        self._head = head
        self._record = record
        self._direct: Direct | None = None
        self.size = size  # bytes

    def read(self, length: int, offset: int) -> bytes:
        """As os.pread, of the instance. Raises OSError; FileNotFoundError where it was removed from
        its segment, which leaves an open file without its bytes.
        """
        length = min(length, max(0, self.size - offset))
        record = self._record
        if record is None:
            return os.pread(self._descriptor, length, offset)
        if offset + length <= len(self._head):
            return self._head[offset : offset + length]
        if length < LARGE:
            data = os.pread(self._descriptor, length, record.data + offset)
        else:
            self._direct = self._direct or Direct(self._descriptor)
            data = self._direct.read(length, record.data + offset)
        if not segment.is_there(self._descriptor, record):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return data

    def close(self) -> None:
        if self._direct:
            self._direct.close()
        os.close(self._descriptor)


@contextmanager
def opened(path: Path) -> Iterator[Kept]:
    """Raises OSError: FileNotFoundError where it is gone; NotRegular, Damaged."""
    kept = _open(path)
    try:
        yield kept
    finally:
        kept.close()


def _open(path: Path) -> Kept:
    place = _place(path)
    if place is None:
        descriptor = open_regular(path)
        return Kept(descriptor, os.fstat(descriptor).st_size)
    descriptor = segment.open_to_read(place[0])
    try:
        found = os.pread(descriptor, 2 * segment.BLOCK, place[1])
        record = _checked(path, segment.parsed(found[: segment.BLOCK], place[1]))
        head = found[segment.BLOCK :] if segment.is_there(descriptor, record) else b""
    except BaseException:
        os.close(descriptor)
        raise
    return Kept(descriptor, record.size, record, head)


class _Stream(io.RawIOBase):
    """An instance as a binary file to read from."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._kept.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        found = self._kept.read(len(view), self._at)
        view[: len(found)] = found
        self._at += len(found)
        return len(found)


@contextmanager
def stream(path: Path) -> Iterator[BinaryIO]:
    """As opened, to be read like a file."""
    with opened(path) as kept, io.BufferedReader(_Stream(kept)) as reader:
        yield reader


def size(path: Path) -> int:
    """Bytes there are. Raises OSError: FileNotFoundError where it is gone; Damaged."""
    if _place(path) is None:
        return path.lstat().st_size
    with opened(path) as kept:
        return kept.size


def size_at_a_glance(path: Path) -> int:
    """As size; of a record that was removed its size too, while its segment is there."""
    place = _place(path)
    if place is None:
        return path.lstat().st_size
    os.stat(place[0])  # noqa: PTH116  strings are what the fast path works with
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
    place = _place(path)
    return Path(place[0]) if place else path.parent


def folder(path: Path) -> Path:
    """A folder of the spool that is there, beside the instance."""
    place = _place(path)
    return Path(place[0]).parent if place else path.parent


def remove(path: Path) -> None:
    """Whether it was there or not. Raises OSError."""
    place = _place(path)
    if place is None:
        path.unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError):
        _punch(path, *place)


def move(path: Path, target: Path) -> None:
    """To a file of its own, which is durable once its folder is synced, and out of the spool.

    Raises OSError; then it is where it was. FileNotFoundError: it is gone, or there is no such
    folder.
    """
    if _place(path) is None:
        path.rename(target)
        # Where the target is another hard link to it, as after an orphan was moved to a destination
        # that had the instance, a rename does nothing (rename(2)).
        path.unlink(missing_ok=True)
        return
    with opened(path) as kept:
        _copy(kept, target)
    sync_folder(str(target.parent))
    remove(path)


def records(path: Path) -> Iterator[Record | int]:
    """Of a segment, in order; the offset where something is that is no record. None where there is
    no such segment. Raises SpoolError.
    """
    try:
        descriptor = open_regular(path)
        try:
            yield from segment.records(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_SUCH_PLACE:
            raise spool_fault(error, f"read {path}") from None


def remove_done(folder: Path) -> None:
    """Remove segments there in which nothing is left and which nobody appends to. Never raises."""
    with suppress(OSError):
        for path in folder.glob(f"*{segment.SUFFIX}"):
            with suppress(OSError), _changing(path) as descriptor:
                segment.remove_if_done(path, descriptor)


def path_in(segment_path: str, record: Record) -> str:
    """Of a record of a segment."""
    return f"{segment_path}/{record.offset:08x}/{record.name}{SUFFIX}"


def _place(path: Path) -> tuple[str, int] | None:
    """The segment and the offset in it; None for a file of its own."""
    found = _IN_SEGMENT.match(str(path))
    return (found[1], int(found[2], 16)) if found else None


def _checked(path: Path, found: Record | None) -> Record:
    """That it is the one of the path. Raises FileNotFoundError, Damaged."""
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if found.name + SUFFIX != path.name:
        raise segment.Damaged
    return found


def _punch(path: Path, segment_path: str, offset: int) -> None:
    with _changing(segment_path) as descriptor:
        segment.punch(descriptor, _checked(path, segment.begun_at(descriptor, offset)))
        segment.remove_if_done(Path(segment_path), descriptor)


@contextmanager
def _changing(path: str | Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | CAREFUL)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _copy(kept: Kept, target: Path) -> None:
    partial = target.with_name(f".{secrets.token_hex(4)}.part")  # others may move it as well
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        with os.fdopen(descriptor, "wb", 0) as copy:
            offset = 0
            while offset < kept.size:
                offset += _some(copy.write(kept.read(PIECE, offset)))
            sync_data(copy.fileno())
        partial.rename(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _some(count: int) -> int:
    """Raises Damaged where there was nothing more to copy."""
    if not count:
        raise segment.Damaged
    return count
