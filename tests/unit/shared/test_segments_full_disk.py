"""A disk that fills while instances are appended to segments."""

from pathlib import Path

import pytest

from shared import kept, segment
from shared.entry import Entry
from shared.errors import SpoolError, SpoolFull
from shared.spool import Pressure
from shared.staging import MOST
from tests.support.segmented import SYNCS, Gathering, gathering
from tests.support.small_disk import StandIn, small_disk
from tests.support.spools import files_below
from tests.support.waiting import wait_until

MEBIBYTE = 1024 * 1024


def read(own: Gathering, entry: Entry) -> bytes:
    with kept.stream(own.spool.file(entry)) as stream:
        return stream.read()


@SYNCS
def test_a_full_disk_refuses_all_of_a_group_and_the_next_is_kept(
    tmp_path: Path, *, sync: bool
) -> None:
    """A limit on the size of files is met in the middle of a write, as a full disk is."""
    with small_disk(tmp_path, 8 * MEBIBYTE) as disk, gathering(tmp_path, sync=sync) as own:
        first = own.keep(b"first")
        disk.fill()
        for number in range(MOST // 2):
            own.commit(bytes([number]) * 500_000)
        told = [own.next_told() for _ in range(MOST // 2)]
        assert {type(each.fault) for each in told} == {SpoolFull}
        assert [each.entry for each in told] == [None] * len(told)
        assert list(own.spool.scan("cloud")) == [first]

        disk.free()
        after = own.keep(b"after")
        assert list(own.spool.scan("cloud")) == [first, after]
        assert read(own, after) == b"after"


@SYNCS
def test_a_disk_that_fills_in_the_middle_of_a_write_leaves_nothing_listed(
    tmp_path: Path, *, sync: bool
) -> None:
    with small_disk(tmp_path, 4 * MEBIBYTE) as disk, gathering(tmp_path, sync=sync) as own:
        kept_all, refused = [], 0
        for number in range(20):
            if number == 10:
                disk.fill()  # where it is a stand-in that nothing fills
            try:
                kept_all.append(own.keep(bytes([number]) * 700_000))
            except SpoolFull:
                refused += 1

        assert refused
        assert list(own.spool.scan("cloud")) == kept_all
        disk.free() if (tmp_path / "ballast").exists() else own.spool.release(kept_all.pop(0))
        kept_all.append(own.keep(b"there is room again"))
        assert list(own.spool.scan("cloud")) == kept_all


@SYNCS
def test_a_full_disk_has_delivered_instances_given_up(tmp_path: Path, *, sync: bool) -> None:
    """Also where only a quota, or a limit, is what refuses."""
    with gathering(tmp_path, keep_delivered=3600, sync=sync) as own:
        own.spool.release(own.keep(b"delivered"))
        assert files_below(tmp_path / ".delivered")
        own.spool._retention._relief_due = 0.0
        with small_disk(tmp_path / "cloud" / "routine") as disk:
            disk.fill()
            with pytest.raises(SpoolError):
                own.keep(b"x" * 500_000)
            with pytest.raises(SpoolFull):
                own.keep(b"x" * 500_000)
            wait_until(lambda: not files_below(tmp_path / ".delivered"), 10, "it is given up")


@pytest.mark.skipif(not segment.DIRECT, reason="segments are for Linux")
def test_a_disk_too_full_to_tell_what_it_can_do_is_asked_again(tmp_path: Path) -> None:
    """It has room for what a spool needs, and not for the two blocks of that question."""
    disk = StandIn(tmp_path)
    disk.fill()
    try:
        own = Gathering(tmp_path)
    finally:
        disk.free()
    assert (own.gathers, own.spool.openings) == (False, 1)

    wait_until(lambda: own.spool.pressure() is Pressure.NONE and own.spool.openings == 2)
    assert own.spool.gather(own._tell)
    assert read(own, own.keep(b"kept")) == b"kept"
    own.spool.close()
