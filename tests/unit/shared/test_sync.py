"""Receptions that finish together share a sync, and none makes do with one that began before it."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pytest

from shared.sync import SharedSync
from tests.support.waiting import wait_until


class Disk:
    """Syncs when the test lets it."""

    def __init__(self) -> None:
        self.begun = 0
        self.fails = False
        self._gate = threading.Semaphore(0)

    def sync(self, path: str) -> None:
        del path
        self.begun += 1
        assert self._gate.acquire(timeout=10)
        if self.fails:
            raise OSError(errno.EIO, "no disk")

    def go(self) -> Self:
        self._gate.release()
        return self


def test_calls_that_come_during_a_sync_share_the_next_one() -> None:
    disk = Disk()
    shared = SharedSync("folder", disk.sync)

    with ThreadPoolExecutor() as threads:
        first = threads.submit(shared)
        wait_until(lambda: disk.begun == 1, description="the first sync")
        others = [threads.submit(shared) for _ in range(3)]
        disk.go()
        first.result(10)
        wait_until(lambda: disk.begun == 2, description="the second sync")
        assert not any(other.done() for other in others)
        disk.go()
        for other in others:
            other.result(10)

    assert disk.begun == 2


def test_a_sync_that_fails_fails_for_all_who_shared_it_and_for_no_later_one() -> None:
    disk = Disk()
    shared = SharedSync("folder", disk.sync)

    with ThreadPoolExecutor() as threads:
        first = threads.submit(shared)
        wait_until(lambda: disk.begun == 1, description="the first sync")
        others = [threads.submit(shared) for _ in range(3)]
        disk.go()
        first.result(10)
        wait_until(lambda: disk.begun == 2, description="the second sync")
        disk.fails = True
        disk.go()
        for other in others:
            with pytest.raises(OSError, match="no disk"):
                other.result(10)

    disk.fails = False
    disk.go()
    shared()
    assert disk.begun == 3
