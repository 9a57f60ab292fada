"""Partial files are ready before they are needed, and none is left behind."""

import errno
import os
from pathlib import Path

import pytest

from shared.errors import SpoolError
from shared.spares import MOST, Partial, Spares
from tests.support.spools import open_spool
from tests.support.waiting import wait_until


class Maker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = 0
        self.fault: Exception | None = None

    def __call__(self) -> Partial:
        if self.fault:
            raise self.fault
        self.made += 1
        path = str(self.folder / str(self.made))
        return Partial(path, os.open(path, os.O_CREAT | os.O_WRONLY))


def test_each_file_is_given_once_and_another_gets_ready(tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    spares = Spares(maker)

    taken = [spares.take() for _ in range(5)]
    wait_until(lambda: maker.made > 5, description="spare files")

    assert len({each.path for each in taken}) == 5
    spares.close()
    assert set(tmp_path.iterdir()) == {Path(each.path) for each in taken}
    for each in taken:
        os.close(each.descriptor)


def test_however_many_are_taken_few_are_held_ready(tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    spares = Spares(maker)

    taken = [spares.take() for _ in range(200)]
    for each in taken:
        os.close(each.descriptor)
    spares.close()

    assert maker.made <= 200 + MOST


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "full"), SpoolError("full")])
def test_whoever_finds_none_meets_the_fault_himself(fault: Exception, tmp_path: Path) -> None:
    maker = Maker(tmp_path)
    maker.fault = fault
    spares = Spares(maker)

    with pytest.raises(type(fault), match="full"):
        spares.take()
    with pytest.raises(type(fault), match="full"):
        spares.take()

    maker.fault = None
    os.close(spares.take().descriptor)
    wait_until(lambda: maker.made > 1, description="spare files again")
    spares.close()


def test_where_there_is_no_thread_each_is_made_when_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    maker = Maker(tmp_path)
    spares = Spares(maker)

    with monkeypatch.context() as limited:
        limited.setattr("shared.spares.Thread.start", fail)
        os.close(spares.take().descriptor)
        spares.close()

    os.close(spares.take().descriptor)
    wait_until(lambda: maker.made > 2, description="spare files, as a thread can be had again")
    spares.close()


def test_a_closed_spool_leaves_no_empty_partial_file_behind(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    receptions = [spool.receive() for _ in range(8)]
    for reception in receptions:
        reception.abandon()

    spool.close()

    assert list((tmp_path / ".incoming").iterdir()) == []
