"""Records written by hand into an open segment, and what is found there."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from shared import pool, scan, segment
from shared.checksum import checksum
from shared.record import BLOCK, LARGEST, REMOVED, Record, frame, length_of
from shared.scan import Damage

NAME = "18ec8898cb395818b8c31d17~4"
GENERATION, EARLIER = bytes(range(1, 9)), bytes(range(11, 19))


def content(size: int, salt: int = 0) -> bytes:
    return bytes((each * 31 + salt) % 255 + 1 for each in range(min(size, 251))) * (size // 251 + 1)


def records(descriptor: int, *, alone: bool = False) -> Iterator[Record | Damage]:
    return scan.records(descriptor, GENERATION, alone=alone)


def append(
    descriptor: int,
    data: bytes,
    at: int | None = None,
    *,
    name: str = NAME,
    generation: bytes = GENERATION,
) -> Record:
    """`at`: where, if not at the end of the file."""
    at = os.fstat(descriptor).st_size if at is None else at
    with mmap.mmap(-1, LARGEST) as buffer:
        buffer[:] = b"\xff" * LARGEST  # what an instance before it left
        buffer[BLOCK : BLOCK + len(data)] = data
        view = memoryview(buffer)[: length_of(len(data))]
        frame(view, name, len(data), checksum(data), generation)
        assert os.pwrite(descriptor, view, at) == len(view)
        view.release()
    return Record(name, at, len(data))


def plainly(file: Path) -> int:
    return os.open(file, os.O_RDWR)


def remove(descriptor: int, record: Record) -> None:
    os.pwrite(descriptor, REMOVED, record.offset)


def flip(descriptor: int, at: int) -> None:
    [byte] = os.pread(descriptor, 1, at)
    os.pwrite(descriptor, bytes([byte ^ 0x55]), at)


def place_for_one(root: Path) -> Path:
    """Of a segment, in a spool of its own."""
    (root / pool.FOLDER).mkdir()
    folder = root / "cloud" / "routine"
    folder.mkdir(parents=True)
    return folder / f"20260101000000-01020304-05060708{segment.SUFFIX}"
