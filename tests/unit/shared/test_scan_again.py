"""What an earlier use of a segment's file left is no record, and no damage."""

import os
from pathlib import Path

import pytest

from shared import scan, segment
from shared.record import BLOCK
from shared.scan import Damage, give_back, is_empty
from tests.support.records import (
    EARLIER,
    GENERATION,
    append,
    content,
    flip,
    plainly,
    records,
    remove,
)


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_block_of_the_last_record_that_is_lost_is_told(
    lost: int, file: Path, opened: int
) -> None:
    """Whoever ends a segment leaves nothing behind it."""
    append(opened, content(200_000)[:200_000], generation=EARLIER)
    writer = plainly(file)
    first = append(writer, b"first", 0)
    last = append(writer, content(9000)[:9000], first.end)
    os.truncate(file, last.end)
    os.pwrite(writer, bytes(BLOCK), last.offset + lost * BLOCK)

    told = list(records(writer))[1:]

    assert told == ([last] if lost else [Damage(last.offset + BLOCK, last.end)])
    assert not scan.holds_nothing(writer, GENERATION)
    os.close(writer)


def test_what_is_of_others_is_given_back_behind_the_last_record(file: Path, opened: int) -> None:
    append(opened, content(900_000)[:900_000], generation=EARLIER)
    writer = plainly(file)
    first = append(writer, b"first", 0)
    last = append(writer, b"last", first.end)
    remove(writer, first)

    give_back(writer, GENERATION)

    rest = os.pread(writer, 1_000_000, 0)
    assert not rest[: last.offset].strip(b"\0")
    assert not rest[last.end :].strip(b"\0")
    assert os.fstat(writer).st_blocks * 512 < 100_000
    assert list(records(writer)) == [last]
    os.close(writer)


def test_what_an_earlier_use_left_is_no_record_and_no_damage(file: Path, opened: int) -> None:
    """Of any length, so that what comes now ends anywhere in what there was."""
    for size in (9000, 70_000, 4000, 30_000):
        append(opened, content(size)[:size], generation=EARLIER)
    writer = plainly(file)
    assert list(records(writer)) == []
    assert is_empty(writer, GENERATION)

    kept = [append(writer, content(5000)[:5000], 0)]
    for _ in range(8):
        at = kept[-1].offset + kept[-1].length
        kept.append(append(writer, content(at % 7000)[: at % 7000], at))
        assert list(records(writer)) == kept
        assert list(scan.records(writer, EARLIER, alone=True))[-1:] != [kept[-1]]
    for each in kept:
        remove(writer, each)
    assert is_empty(writer, GENERATION)
    os.close(writer)


@pytest.mark.parametrize("mark", [True, False], ids=["marked", "unmarked"])
@pytest.mark.parametrize("at", [0, 8, 16, 60])
def test_damage_before_what_an_earlier_use_left_is_told(
    at: int, file: Path, opened: int, *, mark: bool
) -> None:
    """Of the last record, by what is left of its beginning, or its mark."""
    append(opened, content(100_000)[:100_000], generation=EARLIER)
    writer = plainly(file)
    first = append(writer, b"first", 0)
    last = append(writer, content(9000)[:9000], first.length)
    flip(writer, last.offset + at)
    if not mark:
        flip(writer, last.offset + last.length - 1)

    found = list(records(writer))

    assert found[0] == first
    told = [each.offset for each in found[1:] if isinstance(each, Damage)]
    assert told == ([last.offset] if mark or at >= 16 else [])
    if mark:
        assert found[1:] == [Damage(last.offset, last.offset + last.length)]
    os.close(writer)


@pytest.mark.parametrize("reached", [BLOCK, 2 * BLOCK, 3 * BLOCK])
def test_a_record_that_a_crash_cut_short_over_an_earlier_one_is_none(
    reached: int, file: Path, opened: int
) -> None:
    """The process died in its write: nobody was told Success. Not so where another one follows."""
    append(opened, content(100_000, 7)[:100_000], generation=EARLIER)
    writer = plainly(file)
    first = append(writer, b"first", 0)
    before = os.pread(writer, 100_000, 0)
    torn = append(writer, content(9000)[:9000], first.length)
    end = torn.offset + torn.length
    os.pwrite(writer, before[torn.offset + reached : end], torn.offset + reached)

    assert list(records(writer)) == [first]
    assert scan.holds_nothing(writer, GENERATION) is False
    remove(writer, first)
    assert scan.holds_nothing(writer, GENERATION)
    assert not is_empty(writer, GENERATION), "somebody shall be told"

    last = append(writer, b"last", end)
    assert list(records(writer)) == [torn, last], "it was complete once"
    os.close(writer)


def test_a_record_that_is_written_just_now_is_no_damage(
    file: Path, opened: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark may be seen before its head."""
    append(opened, content(100_000)[:100_000], generation=EARLIER)
    writer = plainly(file)
    first = append(writer, b"first", 0)
    begun = append(writer, content(9000)[:9000], first.length)
    flip(writer, begun.offset)
    look = scan._end_of_damage

    def meanwhile(descriptor: int, generation: bytes, at: int) -> int | None:
        found = look(descriptor, generation, at)
        if at == begun.offset:
            flip(writer, begun.offset)
        return found

    monkeypatch.setattr(scan, "_end_of_damage", meanwhile)

    assert list(records(writer)) == [first, begun]
    os.close(writer)


def test_a_generation_is_of_the_name_and_of_one_that_is_ours() -> None:
    name = "/spool/cloud/routine/20260101000000-01020304-05060708.seg"
    assert segment.generation_of(name) == GENERATION
    for other in ("20260101000000-01020304.seg", "x.seg", "20260101000000-01020304-0506070.seg"):
        assert segment.generation_of(other) == b""
