"""Reads segments past the page cache, which would cost more than the disk."""

import mmap
import os
from threading import local

from shared.segment import BLOCK, DIRECT, LARGEST

_local = local()


class Direct:
    """A segment that is open already."""

    def __init__(self, segment: int) -> None:
        """Raises OSError."""
        self._segment = os.open(f"/proc/self/fd/{segment}", os.O_RDONLY | os.O_CLOEXEC | DIRECT)

    def read(self, length: int, offset: int) -> bytes:
        """As os.pread, at most LARGEST bytes. Raises OSError."""
        before = offset % BLOCK  # which direct reads begin and end at the bounds of
        end = min(before + length, LARGEST)
        found = os.preadv(self._segment, [_buffer()[: -(-end // BLOCK) * BLOCK]], offset - before)
        return bytes(_buffer()[before : min(end, found)])

    def close(self) -> None:
        os.close(self._segment)


def _buffer() -> memoryview:
    """Of this thread, on a page's boundary."""
    if not hasattr(_local, "buffer"):
        _local.buffer = memoryview(mmap.mmap(-1, LARGEST))
    buffer: memoryview = _local.buffer
    return buffer
