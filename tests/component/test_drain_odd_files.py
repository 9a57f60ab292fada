"""What somebody put in the place of a spooled file goes aside; the others do not wait for it."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.broker import connect
from shared.errors import SpoolError
from shared.index import Index
from shared.jobs import Ticks
from shared.quarantine import place
from shared.record import BLOCK
from shared.spool_check import Kind, check
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service, of_uploader
from tests.support.redis_server import RedisServer
from tests.support.segmented import gathering
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until

GOOD = 3


def shorter(path: Path) -> None:
    size = int(path.stem.partition("~")[2])
    path.write_bytes((bytes(128) + b"DICM").ljust(size - 100, b"\0"))


def a_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


ODD: list[Callable[[Path], object]] = [os.mkfifo, os.mkdir, a_link, shorter]


@pytest.mark.parametrize("put", ODD, ids=["a FIFO", "a folder", "a link", "a part of it"])
def test_it_goes_to_quarantine_and_the_rest_is_delivered(
    put: Callable[[Path], object], redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    made = [make(tmp_path, number) for number in range(GOOD + 1)]
    entries = [keep(spool, each.path.read_bytes(), ["default"])[0] for each in made]
    odd = spool.file(entries[0])  # the first in line
    odd.unlink()
    put(odd)
    [found] = check(spool, ["default"])
    assert found.kind is (Kind.TRUNCATED if put is shorter else Kind.UNREADABLE)
    environment = of_uploader(
        redis.settings.url,
        spool.root,
        UPLOAD__URI=origin_server.uri,
        UPLOAD__MAX_ATTEMPTS=2,
        UPLOAD__RETRY_BASE=0.05,
    )
    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: len(origin_server.held) == GOOD, 30, "the others to be there")
        wait_until(lambda: service.events("instance.quarantined"), 30, "it to go aside")
        assert service.terminate() == 0

    assert os.path.lexists(spool.root / ".quarantine" / "default" / odd.name)


def flipped(at: int) -> Callable[[Path, int], None]:
    def change(segment: Path, offset: int) -> None:
        with segment.open("r+b") as file:
            file.seek(offset + at)
            [byte] = file.read(1)
            file.seek(offset + at)
            file.write(bytes([byte ^ 0x55]))

    return change


def lost(block: int) -> Callable[[Path, int], None]:
    def change(segment: Path, offset: int) -> None:
        with segment.open("r+b") as file:
            file.seek(offset + block * BLOCK)
            file.write(bytes(BLOCK))

    return change


def cut(segment: Path, offset: int) -> None:
    os.truncate(segment, offset + 2 * BLOCK)


SMALL, LARGE = 900, 20_000  # bytes: all of it is in the block after its head, or in five
CHANGES = {
    "a page": (LARGE, lost(3)),
    "the first page": (LARGE, lost(1)),
    "the page with its mark": (LARGE, lost(5)),
    "its head": (LARGE, lost(0)),
    "a byte of its head": (LARGE, flipped(20)),
    "a byte of its UID": (LARGE, flipped(BLOCK + 500)),
    "a byte of its prefix": (LARGE, flipped(BLOCK + 129)),
    "its end": (LARGE, cut),
    "all of a small one": (SMALL, lost(1)),
    "a byte of a small one": (SMALL, flipped(BLOCK + 500)),
}


@pytest.mark.parametrize(("size", "change"), CHANGES.values(), ids=CHANGES)
def test_what_the_disk_changed_goes_to_quarantine_and_the_rest_is_delivered(
    size: int,
    change: Callable[[Path, int], None],
    redis: RedisServer,
    origin_server: OriginServer,
    tmp_path: Path,
) -> None:
    """As after a power failure, of an instance that was not synced."""
    made = [make(tmp_path, number, size=size).path.read_bytes() for number in range(GOOD + 1)]
    with gathering(tmp_path / "spool") as own:
        entries = [own.keep(each, "default") for each in made]
    damaged = entries[-1]
    change(own.segment(damaged), int(damaged.path.split("/")[-2], 16))
    client = connect(redis.settings)
    Ticks(client).enqueue_all(Index(client).add(entries).wanted)
    environment = of_uploader(
        redis.settings.url, own.spool.root, UPLOAD__URI=origin_server.uri, UPLOAD__RETRY_BASE=0.05
    )
    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: len(origin_server.held) == GOOD, 30, "the others to be there")
        wait_until(lambda: service.events("instance.quarantined"), 30, "it to go aside")
        assert service.terminate() == 0

    sent = {hashlib.sha256(each).hexdigest() for each in made[:-1]}
    assert {hashlib.sha256(each.part).hexdigest() for each in origin_server.held.values()} == sent
    spool = open_spool(own.spool.root)
    [item] = spool.quarantined()
    assert item.record["detail"] == "is not what was received: the disk changed or lost it"
    assert item.record["attempts"] == 1
    assert place(own.spool.root, item).stat().st_size == item.size == damaged.size
    with pytest.raises(SpoolError, match="is not what was received"):
        spool.requeue(item)
