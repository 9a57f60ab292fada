"""However the bytes of a segment are written, they are what was kept."""

import ctypes
import errno
import mmap
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import growing, kept, pool, segment, segments
from shared.entry import Entry
from shared.errors import SpoolError
from shared.growing import Growing
from shared.passing import Passing
from shared.record import BLOCK, Damaged, length_of
from shared.spool_check import check
from tests.support.segmented import SYNCS, Gathering, gathering
from tests.support.waiting import wait_until

SIZES = (1, 4096, 70_000, 500_000, 900_000)
MEBIBYTE = 1024 * 1024


def content(size: int) -> bytes:
    """Without a page of zeros, which a lost one would be like."""
    return bytes(each % 255 + 1 for each in range(size))


def read(own: Gathering, entry: Entry) -> bytes:
    with kept.stream(own.spool.file(entry)) as stream:
        return stream.read()


def current(own: Gathering) -> Growing:
    assert own.spool._segments
    [found] = own.spool._segments._open.values()
    return found


@SYNCS
@pytest.mark.parametrize(("followed", "stretch"), [(99, 0), (0, 0), (0, 300_000), (0, 1 << 40)])
def test_it_comes_back_whole_whichever_way_it_went(
    followed: int, stretch: int, tmp_path: Path, *, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from files that are used again, all of whose bytes are those of others."""
    monkeypatch.setattr(growing, "FOLLOWED", followed)
    monkeypatch.setattr(growing, "STRETCH", stretch)
    monkeypatch.setattr(growing, "CAPACITY", 3 * MEBIBYTE)
    with gathering(tmp_path, sync=sync) as own:
        for round_ in range(5):
            sizes = SIZES[round_:] + SIZES[: round_ + 3] * 2
            sent = {own.keep(data): data for size in sizes if (data := os.urandom(size))}

            assert list(own.spool.scan("cloud")) == list(sent)
            assert {entry: read(own, entry) for entry in sent} == sent
            assert own.spool.release_all(dict.fromkeys(sent)) == {}
            assert list(own.spool.scan("cloud")) == []
            assert list(check(own.spool, ["cloud"])) == []
        assert list((tmp_path / pool.FOLDER).iterdir())


def test_without_syncs_the_disk_begins_at_once_and_memory_forgets_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "FOLLOWED", 0)
    monkeypatch.setattr(growing, "STRETCH", MEBIBYTE)
    asked, forget = set[int](), segment.forget

    def once_the_disk_has_it(descriptor: int, offset: int, length: int) -> None:
        if offset in asked:
            os.fsync(descriptor)
        asked.add(offset)
        forget(descriptor, offset, length)

    monkeypatch.setattr(segment, "forget", once_the_disk_has_it)
    with gathering(tmp_path, sync=False) as own:
        entries = {own.keep(data): data for data in [os.urandom(500_000) for _ in range(20)]}
        file = own.segment(next(iter(entries)))
        half = 10 * length_of(500_000)

        wait_until(lambda: in_memory(file, half) == 0, 20, "the disk has it, and memory not")
        assert {each: read(own, each) for each in entries} == entries


def in_memory(file: Path, length: int) -> int:
    """Pages from the beginning that the page cache has: mincore(2), for to read one fetches it."""
    found = (ctypes.c_ubyte * -(-length // mmap.PAGESIZE))()
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), length) as mapped:
        first = ctypes.c_char.from_buffer(mapped)
        told = ctypes.CDLL(None).mincore(
            ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(length), found
        )
        del first
    assert told == 0
    return sum(each & 1 for each in found)


@SYNCS
def test_what_is_passed_on_to_the_disk_is_each_stretch_twice(
    tmp_path: Path, *, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To begin with it, and to forget it once it has come there; with syncs there is no need."""
    monkeypatch.setattr(growing, "FOLLOWED", 0)
    monkeypatch.setattr(growing, "STRETCH", MEBIBYTE)
    asked = passed_on(monkeypatch)
    record = length_of(600_000)
    with gathering(tmp_path, sync=sync) as own:
        for _ in range(5):
            own.keep(os.urandom(600_000))
    if sync:
        assert asked == []
    else:
        first, second = 2 * record, 4 * record
        stretches = [(0, first), (first - MEBIBYTE, second), (second - MEBIBYTE, 5 * record)]
        assert list(dict.fromkeys(asked)) == stretches


def test_what_a_disk_that_is_behind_does_not_take_it_is_given_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "FOLLOWED", 0)
    monkeypatch.setattr(growing, "STRETCH", MEBIBYTE)
    keeps_up = iter([True, False, False, True, True])
    given: list[tuple[int, int]] = []

    def give(_: Passing, descriptor: int, offset: int, length: int) -> bool:
        assert os.fstat(descriptor)
        given.append((offset, offset + length))
        return next(keeps_up)

    monkeypatch.setattr(Passing, "give", give)
    record = length_of(600_000)
    with gathering(tmp_path, sync=False) as own:
        entries = {own.keep(data): data for data in [os.urandom(600_000) for _ in range(6)]}
        assert {each: read(own, each) for each in entries} == entries
    again = 2 * record - MEBIBYTE
    ends = [4 * record, 5 * record, 6 * record]
    assert given[:4] == [(0, 2 * record), *((again, each) for each in ends)]
    assert [end for _, end in given[4:]] == [6 * record], "and at its end, what it has by then"


def test_an_image_is_kept_also_where_nothing_can_be_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(growing, "FOLLOWED", 0)
    monkeypatch.setattr(growing, "STRETCH", 0)
    monkeypatch.setattr(segment, "forget", refuse)
    with gathering(tmp_path, sync=False) as own:
        entries = [own.keep(bytes([each]) * 5000) for each in range(3)]
        assert [read(own, each) for each in entries] == [bytes([each]) * 5000 for each in range(3)]


def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Where each stretch begins and ends that the disk was given."""
    asked: list[tuple[int, int]] = []
    forget: Callable[[int, int, int], None] = segment.forget

    def noting(descriptor: int, offset: int, length: int) -> None:
        asked.append((offset, offset + length))
        forget(descriptor, offset, length)

    monkeypatch.setattr(segment, "forget", noting)
    return asked


@SYNCS
def test_only_what_is_used_again_goes_through_the_page_cache_and_only_to_who_keeps_up(
    tmp_path: Path, *, sync: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "FOLLOWED", 2)
    monkeypatch.setattr(growing, "CAPACITY", 2 * MEBIBYTE)
    with gathering(tmp_path, sync=sync) as own:
        entries = [own.keep(b"x" * 900_000) for _ in range(3)]
        assert current(own)._through_cache is not sync
        own.spool.release_all(dict.fromkeys(entries[:2]))

        entries += [own.keep(b"x" * 900_000) for _ in range(2)]
        assert current(own)._through_cache
        own.spool.release_all(dict.fromkeys(entries[2:3]))
        entries += [own.keep(b"x" * 900_000) for _ in range(5)]
        assert not current(own)._through_cache


def test_what_is_idle_ends_and_what_was_delivered_of_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gathering(tmp_path, sync=False) as own:
        first, second = own.keep(b"x" * 1000), own.keep(b"y" * 1000)
        own.spool.release(first)
        own.spool.rest()
        assert own.segment(first).exists()

        monkeypatch.setattr(segments, "IDLE", 0.0)
        own.spool.rest()
        assert own.segment(second).exists()
        own.spool.release(second)
        assert not own.segment(second).exists()
        assert own.segment(own.keep(b"z")) != own.segment(first)


def test_what_was_delivered_of_one_that_is_appended_to_goes_before_it_ends(
    tmp_path: Path,
) -> None:
    with gathering(tmp_path, sync=False) as own:
        entries = [own.keep(os.urandom(100_000)) for _ in range(10)]
        own.spool.release_all(dict.fromkeys(entries[1:9]))
        before = own.segment(entries[0]).stat().st_blocks
        current(own).made -= segments.IDLE

        own.spool.rest()

        assert own.segment(entries[0]).stat().st_blocks < before * 0.4
        assert list(own.spool.scan("cloud")) == [entries[0], entries[9]]
        after = own.keep(b"after")
        assert own.segment(after) == own.segment(entries[0])
        assert list(own.spool.scan("cloud")) == [entries[0], entries[9], after]


def test_the_thread_that_commits_rests_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "IDLE", 0.0)
    with gathering(tmp_path) as own:
        entry = own.keep(b"x" * 1000)
        own.spool.release(entry)
        own.spool.rest()
        wait_until(lambda: not own.segment(entry).exists(), 10, "it ends")
        assert read(own, own.keep(b"after")) == b"after"


@settings(max_examples=60)
@given(lost=st.sets(st.integers(0, 60)), left=st.integers(0, 60))
def test_what_a_crash_leaves_is_what_was_kept_or_told(lost: set[int], left: int) -> None:
    """Until a sync ends the disk may have any pages of what the page cache was given, and zeros for
    the others: what was safe before is there, and of the rest nothing is read that was not kept.
    """
    with TemporaryDirectory() as folder, gathering(Path(folder)) as own:
        before = [own.keep(os.urandom(5000)) for _ in range(2)]
        safe = current(own).end
        contents = {
            own.keep(data): data for size in (70_000, 3, 150_000) if (data := content(size))
        }
        file = own.segment(before[0])
        with file.open("r+b") as crashed:
            for each in lost:
                crashed.seek(safe + each * BLOCK)
                crashed.write(bytes(BLOCK))
            crashed.truncate(min(current(own).end, safe + left * BLOCK))

        listed = list(own.spool.scan("cloud"))

        assert listed[:2] == before
        for entry in listed[2:]:
            with suppress(Damaged):
                assert read(own, entry) == contents[entry]
        if not lost and left == 60:
            assert listed[2:] == list(contents)


def test_a_write_that_fails_half_way_leaves_nothing_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the sender is not told Success: the rest goes to another segment."""
    write: Callable[..., int] = os.pwritev
    with gathering(tmp_path, sync=False) as own:
        first = own.keep(b"first")

        def half(descriptor: int, buffers: list[memoryview], offset: int, flags: int = 0) -> int:
            return write(descriptor, [buffers[0][:8192]], offset, flags)

        monkeypatch.setattr(os, "pwritev", half)
        with pytest.raises(SpoolError):
            own.keep(b"y" * 50_000)
        monkeypatch.undo()
        after = own.keep(b"after")

        assert list(own.spool.scan("cloud")) == [first, after]
        assert own.segment(after) != own.segment(first)
