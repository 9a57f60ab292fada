"""The version of the index: an earlier one is put aside and made anew, a later one left alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from receiver.notify import Notifier
from shared.broker import plain
from shared.index_version import ASIDE, READ, VERSION, OtherIndex
from shared.keys import VERSION_KEY, key
from shared.spool import Spool
from tests.support.delivery import Begin, Uploading
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.poison import instances
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until
from uploader.dispatcher import Dispatcher

LATER = VERSION + 1
STALE = "cloud/routine/an entry of another form"


@pytest.fixture
def notifier(redis: RedisServer) -> Iterator[Notifier]:
    running = Notifier(redis.settings)
    running.start()
    yield running
    running.close(1.0)


def dispatch(uploader: Uploading) -> Dispatcher:
    """Rounds until no scan is under way."""
    dispatcher = Dispatcher(uploader.at, ["cloud"], rescan=3600)
    while dispatcher.round():
        pass
    return dispatcher


def contents(redis: RedisServer) -> dict[Any, Any]:
    """But for wakes, which end by themselves."""
    names: Any = redis.client.keys("*")
    lasting = [each for each in names if redis.client.ttl(each) < 0]
    return {each: redis.client.dump(each) for each in lasting}


@pytest.mark.parametrize("version", [None, *sorted(READ)])
def test_an_earlier_one_that_we_read_is_adopted_as_it_is(
    begin: Begin, redis: RedisServer, tmp_path: Path, version: int | None
) -> None:
    uploader = begin()
    uploader.keep(make(tmp_path, 1))
    if version:
        redis.client.set(VERSION_KEY, version)
    redis.client.set("dcm:epoch", "begun long ago")

    dispatch(uploader)

    assert redis.client.get(VERSION_KEY) == str(VERSION).encode()
    assert redis.client.get("dcm:epoch") == b"begun long ago"
    assert uploader.counts.waiting == 1


@pytest.mark.parametrize("version", ["0", "theirs"])
def test_another_one_is_put_aside_and_made_anew_from_the_spool(
    begin: Begin, redis: RedisServer, tmp_path: Path, version: str
) -> None:
    uploader = begin()
    uploader.keep(*instances(tmp_path, 3))
    redis.client.zadd(key("cloud", "routine"), {STALE: 1})
    redis.client.set(VERSION_KEY, version)

    dispatch(uploader)

    assert redis.client.get(VERSION_KEY) == str(VERSION).encode()
    assert uploader.counts.waiting == 3
    aside: Any = redis.client.keys("dcm:[{]cloud}:routine:version0:*")
    [kept] = aside
    assert redis.client.zscore(kept, STALE) == 1
    assert 0 < redis.client.ttl(kept) <= ASIDE
    uploader.run()


def test_a_later_one_is_left_as_it_is_and_refused_with_a_clear_word(
    begin: Begin, redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    uploader.keep(*instances(tmp_path, 3))
    redis.client.set(VERSION_KEY, LATER)
    before = contents(redis)

    with pytest.raises(RedisError) as refused:
        dispatch(uploader)
    with pytest.raises(OtherIndex):
        uploader.drain.tick()

    assert plain(refused.value) == (
        f"holds an index of a later version ({LATER}, this one knows {VERSION})"
    )
    assert contents(redis) == before
    assert not origin_server.stores


def test_a_receiver_asks_for_a_scan_of_a_later_one(
    notifier: Notifier, begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    uploader = begin()
    redis.client.set(VERSION_KEY, LATER)
    spool: Spool = uploader.at.spool

    notifier.announce(keep(spool, make(tmp_path, 1).path.read_bytes()))

    wait_until(lambda: uploader.at.index.scans_wanted() > 0, 20, "a scan is asked for")
    assert uploader.counts.waiting == 0


def test_an_uploader_waits_for_an_index_of_its_own(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    keep(spool, make(tmp_path, 1).path.read_bytes(), ("default",))
    redis.client.set(VERSION_KEY, LATER)
    environment = {
        "UPLOAD__URI": origin_server.uri,
        "UPLOAD__WORKERS": 1,
        "REDIS__URL": redis.settings.url,
        "SPOOL__PATH": spool.root,
        "HEALTH__PORT": free_port(),
    }
    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: "later version" in str(service.ready()), 30, "it says why it waits")
        assert service.ready()[0] == 503
        assert list(spool.scan("default"))

        redis.client.set(VERSION_KEY, 0)

        wait_until(lambda: not list(spool.scan("default")), 30, "it is sent")
    spool.close()
