"""Nobody waits for a disk that is behind."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from shared import passing, segment
from shared.passing import Passing


class Disk:
    """It takes a stretch each time it may."""

    def __init__(self) -> None:
        self.took: list[tuple[int, int]] = []
        self.may = Event()
        self.asked = Event()

    def __call__(self, descriptor: int, offset: int, length: int) -> None:
        self.asked.set()
        assert self.may.wait(10)
        os.fstat(descriptor)
        self.took.append((offset, length))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    found = Disk()
    monkeypatch.setattr(segment, "forget", found)
    return found


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "segment", os.O_RDWR | os.O_CREAT)
    yield opened
    os.close(opened)


def test_all_is_given_before_it_ends_also_of_what_was_closed(tmp_path: Path, disk: Disk) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    giving = Passing()
    for number in range(3):
        opened = os.open(tmp_path / "segment", os.O_RDWR | os.O_CREAT)
        assert giving.give(opened, number, 10)
        os.close(opened)

    disk.may.set()
    giving.close()

    assert disk.took == [(0, 10), (1, 10), (2, 10)]
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_disk_that_is_behind_is_given_no_more(disk: Disk, descriptor: int) -> None:
    giving = Passing()
    assert giving.give(descriptor, 0, 1)
    assert disk.asked.wait(10)

    taken = [giving.give(descriptor, number, 1) for number in range(1, passing.MOST + 3)]

    assert taken == [True] * passing.MOST + [False] * 2
    disk.may.set()
    giving.close()
    assert len(disk.took) == 1 + passing.MOST


def test_a_disk_that_refuses_ends_nothing(
    disk: Disk, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise OSError

    giving = Passing()
    monkeypatch.setattr(segment, "forget", refuse)
    giving.give(descriptor, 0, 1)
    giving.close()
    monkeypatch.setattr(segment, "forget", disk)
    disk.may.set()

    giving.give(descriptor, 1, 1)

    giving.close()
    assert disk.took == [(1, 1)]


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
