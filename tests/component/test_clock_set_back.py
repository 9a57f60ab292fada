"""Redis' clock is set back by an hour: nothing waits until it has caught up."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Busy, Unavailable
from shared.keys import key
from tests.support.clocks import FAKETIME, faketime
from tests.support.delivery import Uploading, settings, uploading
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from tests.support.peers import lacking
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from uploader.dispatcher import Dispatcher

HOUR = 3600


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """What Redis' clock is ahead, in seconds with a sign."""
    path = tmp_path / "clock"
    path.write_text(f"+{HOUR}\n")
    return path


@pytest.fixture
def ahead(clock: Path, tmp_path: Path) -> Iterator[RedisServer]:
    library = faketime()
    if library is None:
        lacking(f"{FAKETIME} is not installed")
    redis = RedisServer(tmp_path)
    redis.extra = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with redis:
        assert seconds_ahead(redis) > HOUR - 60
        yield redis


def seconds_ahead(redis: RedisServer) -> float:
    found: Any = redis.client.time()
    return float(found[0]) - time.time()


@pytest.fixture
def uploader(
    ahead: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> Iterator[Uploading]:
    with uploading(settings(ahead.settings, tmp_path, destination(origin_server.uri))) as running:
        yield running


def test_what_was_delayed_or_held_goes_on_within_seconds(
    ahead: RedisServer,
    clock: Path,
    uploader: Uploading,
    origin_server: OriginServer,
    tmp_path: Path,
) -> None:
    index, turns = uploader.at.index, uploader.at.turns
    Dispatcher(uploader.at, ["cloud"], rescan=HOUR).round()  # it leads, and is gone
    made = [make(tmp_path, number) for number in range(4)]
    uploader.keep(*made)  # wakes
    claims = index.claim("cloud", most=2, max_bytes=10**9, lease=2.0).claims
    index.nack("cloud", [each.entry for each in claims], delay=0.2)
    turns.fault(turns.begin(uploader.destination), Unavailable("it is away"))

    clock.write_text("+0\n")
    wait_until(lambda: seconds_ahead(ahead) < 60, 10, "the clock to be set back")

    another = Dispatcher(uploader.at, ["cloud"], rescan=HOUR)
    deadline = time.monotonic() + 20
    while uploader.left and time.monotonic() < deadline:
        another.round()
        uploader.drain.tick()
        time.sleep(0.01)
    assert uploader.left == []
    assert set(origin_server.held) == {each.uid for each in made}


def test_the_lease_of_one_that_is_gone_ends_in_its_time(
    clock: Path, uploader: Uploading, tmp_path: Path
) -> None:
    index = uploader.at.index
    uploader.keep(make(tmp_path, 1))
    index.claim("cloud", most=2, max_bytes=10**9, lease=0.1)
    clock.write_text("+0\n")
    time.sleep(0.2)
    assert index.reap("cloud") == 0, "for an hour, if nothing is done about it"

    assert index.rein("cloud", lease=0.1, delay=1) == 2, "with the wake flag"

    wait_until(lambda: index.reap("cloud") == 1, 10, "it to be due again")


def test_neither_doubts_nor_fewer_requests_last_until_it_has_caught_up(
    ahead: RedisServer, clock: Path, uploader: Uploading, tmp_path: Path
) -> None:
    index, turns = uploader.at.index, uploader.at.turns
    limit = key("cloud", "limit")
    index.doubt("cloud")
    turns.fault(turns.begin(uploader.destination), Busy("asks us to slow down", retry_after=0.01))
    assert ahead.client.hget(limit, "most") == b"1"
    clock.write_text("+0\n")
    wait_until(lambda: seconds_ahead(ahead) < 60, 10, "the clock to be set back")

    index.rein("cloud", lease=60, delay=60)
    turns.success(turns.begin(uploader.destination), stored=1, duplicates=0)

    assert ahead.client.hget(limit, "most") == b"2"
    uploader.keep(make(tmp_path))
    [claim] = index.claim("cloud", most=1, max_bytes=10**9, lease=60).claims
    assert not claim.doubtful
