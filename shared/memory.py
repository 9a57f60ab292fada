"""Memory for data that passes through: on large pages, where the system has them.

A CT lies on 128 pages of 4 KiB: to find each of them costs a copy, and a direct write more than
that. Of large pages (2 MiB, Linux' THP) it takes one or two.
"""

import ctypes
import mmap
import os
from contextlib import suppress

LARGE_PAGE = 2 * 1024 * 1024  # bytes

_TUNABLES = "GLIBC_TUNABLES"  # read by glibc when a process begins; this one it knows from 2.35 on


def environment() -> dict[str, str]:
    """Ours, for a process whose heap should lie on large pages: it handles data as bytes."""
    return {_TUNABLES: "glibc.malloc.hugetlb=1", **os.environ}


def pages(length: int) -> int:
    """Bytes that so many take at most: whole large pages."""
    return -(-length // LARGE_PAGE) * LARGE_PAGE


def large(length: int) -> memoryview:
    """`length` bytes, zeros, from the beginning of a large page; memory is taken as it is written
    to, a large page at a time. Raises OSError where there is none.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    mapped = mmap.mmap(-1, length + LARGE_PAGE, flags=flags)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a system without
            mapped.madvise(mmap.MADV_HUGEPAGE)
    begin = -ctypes.addressof(ctypes.c_char.from_buffer(mapped)) % LARGE_PAGE
    return memoryview(mapped)[begin : begin + length]
