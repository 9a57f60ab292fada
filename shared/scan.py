"""What is found in a segment: records, and what should be one and is none.

Behind the last record of a segment there may be what an earlier use of its file left. It is told
from damage by what bears witness to a record: its beginning, and its mark, of this generation.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from shared.record import (
    BLOCK,
    LARGEST,
    MARK,
    PREFIX,
    Record,
    begins,
    begun_at,
    is_complete,
    proves_itself,
    whole,
)
from shared.segment import data_from, hole_from, is_left, make_hole

SOON = 0.005  # seconds; more than a write takes
PIECE = 256 * BLOCK  # bytes looked through at a time


class Damage(NamedTuple):
    """Something is there that is no record."""

    offset: int
    end: int


class _Zeros(NamedTuple):
    """Of a block that was lost, or a hole smaller than that."""

    length: int


_ZEROS = _Zeros(BLOCK)


def records(segment: int, generation: bytes, *, alone: bool = False) -> Iterator[Record | Damage]:
    """Of an open segment, in order, those that were not removed. Whether the file in one is what
    was kept shows when it is read. `alone`: nobody appends to it, as whoever has its lock knows.
    Raises OSError.
    """
    for found in _all(segment, generation):
        if isinstance(found, Damage):
            yield found
        elif not found.removed:
            try:
                if is_complete(segment, found) or (
                    (alone or is_left(segment)) and _is_no_torn_one(segment, generation, found)
                ):
                    yield found
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                yield Damage(found.offset, found.end)


def is_empty(segment: int, generation: bytes) -> bool:
    """Whether nothing is left in it: all of its records were removed. Raises OSError."""
    return all(isinstance(found, Record) and found.removed for found in _all(segment, generation))


def holds_nothing(segment: int, generation: bytes) -> bool:
    """As is_empty, but for what a crash cut short: nobody was told that it is safe. Raises
    OSError.
    """
    return next(records(segment, generation, alone=True), None) is None


def give_back(segment: int, generation: bytes) -> None:
    """The space of what was removed, and of what an earlier use left, by who holds its lock. Raises
    OSError.
    """
    begin = end = known = 0
    for found in _all(segment, generation):
        known = found.end
        if isinstance(found, Damage) or not found.removed:
            continue
        if found.offset != end:
            _make_hole(segment, begin, end)
            begin = found.offset
        end = found.end
    _make_hole(segment, begin, end)
    if generation:
        _make_hole(segment, known, whole(os.fstat(segment).st_size))


def _make_hole(segment: int, begin: int, end: int) -> None:
    if begin < end:
        make_hole(segment, begin, end - begin)


def _all(segment: int, generation: bytes) -> Iterator[Record | Damage]:
    """Also those that were removed, and one that was not completed."""
    at = 0
    while (found := data_from(segment, at)) is not None:
        at = found
        begun = _begun(segment, generation, at)
        if begun is None:
            end = _end_of_damage(segment, generation, at)
            if end is None:
                return
            time.sleep(SOON)  # it may be written just now, and past the page cache
            begun = _begun(segment, generation, at)
            if begun is None:
                yield Damage(at, end)
                at = end
                continue
        if isinstance(begun, Record):
            yield begun
        at += begun.length


def _begun(segment: int, generation: bytes, at: int) -> Record | _Zeros | None:
    """None for anything else. Raises OSError."""
    try:
        return begun_at(segment, at, generation) or _ZEROS
    except OSError as error:
        if error.errno != errno.EIO:  # as Damaged has, and a disk that cannot read a block
            raise
    return None


def _is_no_torn_one(segment: int, generation: bytes, begun: Record) -> bool:
    """Whether a record without a mark had one once. What a crash cut short is the last one, and is
    not whole.
    """
    if not generation:  # there was nothing in such a file before
        return bool(begun.checksum) and os.fstat(segment).st_size >= begun.data + begun.size
    return (
        begun.end == os.fstat(segment).st_size  # as whoever ends a segment leaves it
        or _witness(segment, generation, begun.end) is not None
        or proves_itself(segment, begun)
    )


def _end_of_damage(segment: int, generation: bytes, at: int) -> int | None:
    """None where nothing was damaged: it is of an earlier use."""
    end = _witness(segment, generation, at + BLOCK, at)
    if end is None:
        if generation and not _begins(segment, generation, at):
            return None
        end = os.fstat(segment).st_size
        if generation:  # behind it there may be what is of others
            end = min(end, at + LARGEST)
    return max(at + BLOCK, min(end, hole_from(segment, at)))


def _begins(segment: int, generation: bytes, at: int) -> bool:
    with suppress(OSError):
        return begins(os.pread(segment, PREFIX, at), generation)
    return False


def _witness(segment: int, generation: bytes, at: int, mark_at: int | None = None) -> int | None:
    """Where the next record begins, from `at` on; or ends, of which a mark alone is left in a block
    from `mark_at` on.
    """
    begin = at if mark_at is None else mark_at
    while (found := data_from(segment, begin)) is not None:
        piece = _pread(segment, PIECE, found)
        for block in range(0, len(piece), BLOCK):
            if found + block >= at and begins(piece[block : block + PREFIX], generation):
                return found + block
            end = block + BLOCK
            if generation and piece[end - MARK : end] == generation:
                return found + end
        begin = found + max(len(piece), BLOCK)
    return None


def _pread(segment: int, length: int, at: int) -> bytes:
    """Zeros for blocks that the disk cannot read. Raises OSError."""
    try:
        return os.pread(segment, length, at)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    pieces = []
    for each in range(at, min(at + length, os.fstat(segment).st_size), BLOCK):
        piece = b""
        with suppress(OSError):
            piece = os.pread(segment, BLOCK, each)
        pieces.append(piece.ljust(BLOCK, b"\0"))
    return b"".join(pieces)
