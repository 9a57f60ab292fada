"""Data passes through large pages where the system has them, and through others elsewhere."""

import ctypes
import mmap
import re
from pathlib import Path

import pytest

from shared.memory import LARGE_PAGE, environment, large

SMAPS = Path("/proc/self/smaps")  # as Linux tells of memory
THP = Path("/sys/kernel/mm/transparent_hugepage")


def address(buffer: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


@pytest.mark.parametrize("length", [1, 1024 * 1024, LARGE_PAGE, LARGE_PAGE + 1])
def test_it_has_its_length_and_begins_on_a_large_page(length: int) -> None:
    buffer = large(length)

    assert bytes(buffer) == bytes(length)
    assert address(buffer) % LARGE_PAGE == 0
    buffer[-1:] = b"x"


def test_large_pages_are_asked_for_where_there_are_any() -> None:
    buffer = large(LARGE_PAGE)

    flags = ""
    within = False
    for line in SMAPS.read_text().splitlines() if SMAPS.exists() else ():
        if found := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            begin, end = (int(each, 16) for each in found.groups())
            within = begin <= address(buffer) < end
        elif within and line.startswith("VmFlags:"):
            flags = line
    assert (" hg" in flags) is THP.exists()


def test_a_system_without_them_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmap, "MADV_HUGEPAGE", 9999, raising=False)
    assert len(large(5000)) == 5000

    monkeypatch.delattr(mmap, "MADV_HUGEPAGE")
    assert len(large(5000)) == 5000


def test_no_memory_is_an_oserror() -> None:
    with pytest.raises(OSError):  # noqa: PT011  # ENOMEM, or EINVAL by the size alone
        large(1 << 60)


def test_a_child_has_our_environment_and_its_heap_on_large_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    monkeypatch.setenv("OURS", "too")

    assert environment()["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    assert environment()["OURS"] == "too"

    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.check=1")
    assert environment()["GLIBC_TUNABLES"] == "glibc.malloc.check=1", "the site's own"
