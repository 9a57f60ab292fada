"""Nobody waits for a disk that is behind."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from shared import passing, segment
from shared.passing import Passing
from tests.support.waiting import wait_until


class Disk:
    """It takes a stretch of one segment each time it may; what else a thread of another test still
    gives it is nothing to it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.took: list[tuple[int, int]] = []
        self.may = Event()
        self.asked = Event()

    def __call__(self, descriptor: int, offset: int, length: int) -> None:
        if not os.path.samestat(os.fstat(descriptor), self._file.stat()):
            return
        self.asked.set()
        assert self.may.wait(10)
        os.fstat(descriptor)
        self.took.append((offset, length))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Disk:
    found = Disk(tmp_path / "segment")
    monkeypatch.setattr(segment, "forget", found)
    return found


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "segment", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def test_all_is_given_before_it_ends_also_of_what_was_closed(tmp_path: Path, disk: Disk) -> None:
    giving = Passing()
    for number in range(3):
        opened = os.open(tmp_path / "segment", os.O_RDWR | os.O_CREAT)
        assert giving.give(opened, number, 10)
        os.close(opened)

    disk.may.set()
    giving.close()

    assert set(disk.took) == {(0, 10), (1, 10), (2, 10)}
    assert held(tmp_path) == 0


def test_each_is_asked_for_twice_and_held_open_no_longer(
    tmp_path: Path, disk: Disk, descriptor: int
) -> None:
    """What the disk has not is not forgotten; and a segment that was removed takes space."""
    disk.may.set()
    giving = Passing()
    for number in range(3):
        assert giving.give(descriptor, number, 1)

    wait_until(lambda: held(tmp_path) == 1, 10, "all are closed")

    assert Counter(disk.took) == {(0, 1): 2, (1, 1): 2, (2, 1): 2}
    giving.close()


def test_of_many_the_first_do_not_wait(
    tmp_path: Path, disk: Disk, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "LATER", 60.0)
    monkeypatch.setattr(passing, "OPEN", 2)
    disk.may.set()
    giving = Passing()
    for number in range(4):
        wait_until(partial(giving.give, descriptor, number, 1), 10, "room")

    wait_until(lambda: len(disk.took) == 6, 10, "two are forgotten")

    assert held(tmp_path) == 1 + 2
    giving.close()
    assert Counter(disk.took) == {(number, 1): 2 for number in range(4)}
    assert held(tmp_path) == 1


def held(folder: Path) -> int:
    """Descriptors of the segment."""
    found = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))  # noqa: PTH208
    names = []
    for each in found:
        with suppress(OSError):
            names.append(each.readlink())
    return names.count(folder / "segment")


def test_a_disk_that_is_behind_is_given_no_more(disk: Disk, descriptor: int) -> None:
    giving = Passing()
    assert giving.give(descriptor, 0, 1)
    assert disk.asked.wait(10)

    taken = [giving.give(descriptor, number, 1) for number in range(1, passing.MOST + 3)]

    assert taken == [True] * passing.MOST + [False] * 2
    disk.may.set()
    giving.close()
    assert len(set(disk.took)) == 1 + passing.MOST


@pytest.mark.parametrize(
    ("what", "fault"), [("os.dup", OSError()), ("shared.passing.Thread.start", RuntimeError())]
)
def test_where_there_is_no_descriptor_or_thread_it_stays_in_memory(
    what: str,
    fault: Exception,
    tmp_path: Path,
    disk: Disk,
    descriptor: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until there is one again."""

    def fail(*_: object) -> None:
        raise fault

    disk.may.set()
    giving = Passing()
    with monkeypatch.context() as patched:
        patched.setattr(what, fail)
        assert not giving.give(descriptor, 0, 1)
    assert held(tmp_path) == 1

    assert giving.give(descriptor, 1, 1)

    giving.close()
    assert set(disk.took) == {(1, 1)}


@pytest.mark.parametrize("refused", ["shared.segment.forget", "os.close"])
def test_a_disk_that_refuses_ends_nothing(
    refused: str, disk: Disk, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError

    disk.may.set()
    giving = Passing()
    with monkeypatch.context() as patched:
        patched.setattr(refused, refuse)
        giving.give(descriptor, 0, 1)
        giving.close()

    giving.give(descriptor, 1, 1)

    giving.close()
    assert (1, 1) in disk.took


def test_what_was_given_nothing_ends_at_once() -> None:
    Passing().close()


def test_a_disk_that_hangs_holds_up_no_end(
    disk: Disk, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "PATIENCE", 0.01)
    giving = Passing()
    giving.give(descriptor, 0, 1)
    assert disk.asked.wait(10)

    giving.close()

    assert disk.took == []
    disk.may.set()
