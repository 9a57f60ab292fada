"""Whatever fails at whatever step: no partial file stays, nothing half kept, one clear line."""

import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import SpoolError, SpoolFull
from shared.reception import Reception
from shared.spool import Pressure, Spool
from shared.spool_sections import SpoolSettings
from shared.sync import SharedSync
from tests.support.small_disk import small_disk
from tests.support.spools import files_below, keep, open_spool
from tests.support.waiting import wait_until

FULL_DEVICE = "/dev/full"  # every write to it fails with ENOSPC


def replace_descriptor(reception: Reception, flags: int, path: str) -> None:
    other = os.open(path, flags)
    os.dup2(other, reception._descriptor)
    os.close(other)


def no_space(reception: Reception) -> None:
    replace_descriptor(reception, os.O_WRONLY, FULL_DEVICE)


def no_sync(reception: Reception) -> None:
    reading, writing = os.pipe()
    os.dup2(writing, reception._descriptor)  # a pipe cannot be synced
    os.close(reading)
    os.close(writing)


def no_partial_file(reception: Reception) -> None:
    Path(reception._partial).unlink()


def test_a_write_without_space_says_that_the_spool_is_full(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    reception = spool.receive()
    no_space(reception)

    with pytest.raises(SpoolFull, match="cannot write an instance: No space left on device"):
        reception.write(b"data")

    reception.abandon()
    assert files_below(tmp_path) == set()


@pytest.mark.parametrize("breaks", [no_sync, no_partial_file])
def test_a_keep_that_fails_leaves_nothing(
    tmp_path: Path, breaks: Callable[[Reception], None]
) -> None:
    spool = open_spool(tmp_path)
    reception = spool.receive()
    reception.write(b"data")
    breaks(reception)

    with pytest.raises(SpoolError, match="cannot keep an instance: "):
        reception.keep(["cloud", "research"])

    assert files_below(tmp_path) == set()
    assert keep(spool, b"the next one")


def test_a_second_destination_that_fails_takes_the_first_back(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    (tmp_path / "research").write_text("a file where a folder should be")

    with pytest.raises(SpoolError, match="cannot keep an instance"):
        keep(spool, b"data", ["cloud", "research"])

    assert files_below(tmp_path) == {"research"}


def test_a_folder_that_cannot_be_synced_is_no_success(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    keep(spool, b"first")
    [folder] = spool._folders._current.values()
    folder.sync = SharedSync(str(tmp_path / "nowhere"))

    with pytest.raises(SpoolError, match="cannot keep an instance"):
        keep(spool, b"second")

    assert len(files_below(tmp_path)) == 1


def test_a_full_disk_keeps_nothing_half_and_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        spool = open_spool(tmp_path)
        [before] = keep(spool, bytes(20_000))
        disk.fill()

        reception = spool.receive()
        with pytest.raises(SpoolFull):
            reception.write(bytes(3_000_000))
        reception.abandon()

        disk.free()
        [after] = keep(spool, bytes(20_000))
        assert list(spool.scan("cloud")) == [before, after]
        assert files_below(tmp_path) == {before.path, after.path}


def test_a_read_only_disk_is_one_clear_line(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        spool = open_spool(tmp_path)
        keep(spool, b"before")
        spool.close()

        with disk.read_only():
            with pytest.raises(SpoolError, match="cannot begin an instance: "):
                spool.receive()
            with pytest.raises(SpoolError, match="cannot use the spool"):
                open_spool(tmp_path)

        assert keep(spool, b"after")


def test_a_folder_on_another_file_system_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "cloud").symlink_to("/proc")

    with pytest.raises(SpoolError, match="cloud: is on another file system"):
        open_spool(tmp_path)


@pytest.mark.parametrize(
    ("soft", "hard", "pressure"),
    [(0, 0, Pressure.NONE), (2**62, 0, Pressure.SOFT), (2**62, 2**62, Pressure.HARD)],
)
def test_pressure_is_what_the_reserves_say(
    tmp_path: Path, soft: int, hard: int, pressure: Pressure
) -> None:
    settings = SpoolSettings(path=tmp_path, soft_reserve=soft, hard_reserve=hard)

    assert Spool(settings).pressure() is pressure


def test_a_spool_that_is_gone_is_under_hard_pressure(tmp_path: Path) -> None:
    assert Spool(SpoolSettings(path=tmp_path / "gone")).pressure() is Pressure.HARD


def test_a_spool_that_was_begun_on_a_full_disk_works_once_there_is_room(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    spool = Spool(SpoolSettings(path=root, soft_reserve=0, hard_reserve=0))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(SpoolFull):
            spool.open()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    shutil.rmtree(root)  # most file systems would not have made that either
    assert spool.pressure() is Pressure.HARD

    wait_until(lambda: spool.pressure() is Pressure.NONE, 10, "there is room")

    assert keep(spool, b"data")
