"""Something on this machine hinders an instance: it is kept, waits, and keeps no other waiting."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.delivery import Begin, settings, uploading
from tests.support.descriptors import none_left
from tests.support.instances import Made, header, make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from tests.support.small_disk import small_disk
from tests.support.spools import keep, open_spool
from uploader.origin import Origin
from uploader.outcome import GONE, Verdict
from uploader.settle import Settlement

IMPLICIT = "1.2.840.10008.1.2"
LARGE = 400_000  # bytes: what is converted fits into no buffer
RETRY_CAP = 0.5  # seconds


def implicit(folder: Path, uid: str) -> Made:
    """To be converted before it is sent."""
    values = {0x00080018: uid.encode() + b"\0" * (len(uid) % 2), 0x7FE00010: bytes(LARGE)}
    elements = (
        struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
        for tag, value in values.items()
    )
    path = folder / f"{uid}.dcm"
    path.write_bytes(header(uid, IMPLICIT) + b"".join(elements))
    return Made(path, uid, "", "", "", "")


def test_a_disk_too_full_to_convert_is_waited_for(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    (tmp_path / "spool").mkdir()
    with (
        small_disk(tmp_path / "spool", 4 * 1024 * 1024) as disk,
        uploading(
            settings(
                redis.settings,
                tmp_path,
                destination(origin_server.uri),
                retry_cap=RETRY_CAP,
            )
        ) as uploader,
    ):
        [waiting] = uploader.keep(implicit(tmp_path, "1.2.3"))
        good = [make(tmp_path, number) for number in range(3)]
        uploader.keep(*good)
        disk.fill()

        uploader.run_for(3 * RETRY_CAP)

        counts = uploader.counts
        assert set(origin_server.held) == {each.uid for each in good}
        assert uploader.left == [waiting]
        assert counts.faults == 0, "the destination is not held for it"
        assert counts.totals.get("retried", 0) <= 4, "and it is not tried at full speed"

        disk.free()
        uploader.run()
        assert "1.2.3" in origin_server.held
    assert list(uploader.at.spool.quarantined()) == []


def test_what_passes_is_not_the_fault_of_the_file(
    origin_server: OriginServer, tmp_path: Path
) -> None:
    origin = Origin(destination(origin_server.uri))
    made = make(tmp_path)
    with none_left():
        [outcome] = origin.store([made.path])

    assert outcome.verdict is Verdict.POSTPONED
    assert "Too many open files" in outcome.detail
    origin.close()


def a_file(path: Path) -> None:
    path.write_bytes(b"no folder")


def a_link_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("put", [a_file, a_link_loop])
def test_a_folder_that_somebody_moved_away_holds_nothing_up(
    put: Callable[[Path], object], begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    lost, good = (make(tmp_path, number) for number in range(2))
    [entry] = uploader.keep(lost)
    folder = uploader.at.spool.file(entry).parent
    moved = folder.with_name("20250101000000")
    folder.rename(moved)
    put(folder)
    elsewhere = folder.with_name("20250101000001")
    elsewhere.mkdir()
    [other] = keep(uploader.at.spool, good.path.read_bytes(), ["aside"])
    os.rename(uploader.at.spool.file(other), elsewhere / f"{other.name}.dcm")  # noqa: PTH104
    uploader.at.index.add(uploader.left)

    uploader.run()

    assert set(origin_server.held) == {lost.uid, good.uid}, "a scan has found the moved one"
    assert uploader.counts.waiting == uploader.counts.leased == 0


def test_what_could_not_leave_the_spool_is_not_sent_again_and_again(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    """A file system with an error becomes read-only."""
    (tmp_path / "spool").mkdir()
    made = [make(tmp_path, number) for number in range(20)]
    with (
        small_disk(tmp_path / "spool") as disk,
        uploading(
            settings(redis.settings, tmp_path, destination(origin_server.uri), retry_cap=RETRY_CAP)
        ) as uploader,
    ):
        received = open_spool(tmp_path / "spool", sync=False)
        for each in made:
            keep(received, each.path.read_bytes())
        received.close()  # nothing is open for writing
        uploader.at.index.add(uploader.left)
        with disk.read_only():
            uploader.run_for(3 * RETRY_CAP)

            sent = sorted(each.uid for each in made)
            assert sorted(origin_server.holdings.stores) == sent, "what a failing disk still gives"
            assert len(uploader.left) == len(made)

        uploader.run()
        assert sorted(origin_server.holdings.stores) == sent, "once"
        assert uploader.counts.waiting == uploader.counts.leased == 0


def test_what_the_disk_cannot_read_is_not_tried_at_full_speed(begin: Begin, tmp_path: Path) -> None:
    uploader = begin()
    uploader.keep(make(tmp_path))
    index = uploader.at.index
    [claim] = index.claim("cloud", most=1, max_bytes=10**9, lease=60).claims

    Settlement("cloud", uploader.at).settle([(claim, GONE)])  # a part of it could not be read

    assert uploader.left == [claim.entry]
    assert uploader.counts.waiting == 1
    assert index.claim("cloud", most=1, max_bytes=10**9, lease=60).claims == []


def test_nothing_leaves_the_spool_because_redis_says_that_it_was_delivered(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    made = make(tmp_path)
    [entry] = uploader.keep(made)
    uploader.at.index.stuck("cloud", entry)

    uploader.run()

    assert set(origin_server.held) == {made.uid}
