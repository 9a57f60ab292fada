"""Other people's data under our names in Redis: set aside with one word, and everything goes on."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from shared.figures import observed
from shared.jobs import QUEUE
from shared.keys import EPOCH, SCANS_WANTED, UPLOADERS, VERSION_KEY, key, keys, leader, type_of
from shared.metrics import REQUEST_SECONDS
from tests.support.delivery import Begin, Uploading
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service, of_uploader
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until
from uploader.dispatcher import Dispatcher

Put = Callable[[Redis, str], object]

TYPES: dict[str, Put] = {
    "string": lambda redis, name: redis.set(name, "theirs"),
    "list": lambda redis, name: redis.rpush(name, "theirs"),
    "hash": lambda redis, name: redis.hset(name, "their", "value"),
    "zset": lambda redis, name: redis.zadd(name, {b"their\xff": 1}),
}
OF_ALL = [EPOCH, VERSION_KEY, SCANS_WANTED, UPLOADERS, leader(["cloud"])]
OF_RQ = [f"rq:queue:{QUEUE}", "rq:queues"]
NAMES = [*keys("cloud"), *OF_ALL, *OF_RQ]
FLAGS = {key("cloud", each) for each in ("wake", "hold", "probe", "faults", "doubt")}
COUNTED: dict[str, Any] = {
    "faults": "theirs",
    "totals": {"stored": "theirs", "requests": "theirs", "retried": "theirs"},
    "figures": dict.fromkeys(observed(REQUEST_SECONDS, 0.01), "theirs"),
    "limit": {"most": "theirs", "since": "theirs"},
    "doubt": "theirs",
}


def go_on(uploader: Uploading) -> None:
    """Until all is delivered; what fails on the way is tried again, as by RQ and the dispatcher."""
    dispatcher = Dispatcher(uploader.at, ["cloud"], rescan=3600)
    deadline = time.monotonic() + 20
    while uploader.left:
        assert time.monotonic() < deadline, f"left: {uploader.left}"
        try:
            dispatcher.round()
            uploader.drain.tick()
        except RedisError:
            continue


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_another_type_is_set_aside(
    name: str, kind: str, begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    uploader = begin()
    uploader.keep(make(tmp_path, 1))
    redis.client.delete(name)
    TYPES[kind](redis.client, name)
    theirs = redis.client.dump(name)

    go_on(uploader)

    counts, _ = uploader.counts, uploader.at.index.figures("cloud")
    assert counts.waiting == counts.leased == 0
    if kind == type_of(name) or name in FLAGS:
        return  # not told from ours, or written over: it stands in nobody's way
    asides: Any = redis.client.keys(f"{name.replace('{', '[{]')}:foreign:*")
    [kept] = asides or [name]
    assert redis.client.dump(kept) == theirs, "nothing of theirs is lost"


@pytest.mark.parametrize("name", COUNTED)
def test_values_that_are_no_numbers_are_none_of_ours(
    name: str, begin: Begin, redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    made = make(tmp_path, 1)
    uploader.keep(made)
    value = COUNTED[name]
    if isinstance(value, dict):
        redis.client.hset(key("cloud", name), mapping=value)
    else:
        redis.client.set(key("cloud", name), value)

    go_on(uploader)

    assert made.uid in origin_server.held
    assert uploader.counts.waiting == 0


def test_members_that_are_none_of_ours_keep_nothing_waiting(
    begin: Begin, redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    uploader = begin()
    good = [make(tmp_path, number) for number in range(3)]
    uploader.keep(*good)
    theirs = {b"\xff\xfe": 1, b"a/b/c": 2, b"": 3, b"cloud/routine/2025010100/../../x.dcm": 4}
    for name in ("urgent", "routine", "leased"):
        redis.client.zadd(key("cloud", name), theirs)
    redis.client.hset(key("cloud", "marks"), mapping=dict.fromkeys(theirs, "theirs"))
    assert uploader.counts.waiting == 3 + 2 * len(theirs), "and nothing fails"

    go_on(uploader)

    assert set(origin_server.held) == {each.uid for each in good}


def test_an_uploader_tells_of_it_once_and_serves_every_destination(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    names = ["one", "other"]
    spool = open_spool(tmp_path / "spool", sync=False)
    made = [make(tmp_path, number) for number in range(2)]
    for each, destination in zip(made, names, strict=True):
        keep(spool, each.path.read_bytes(), [destination])
    settings = "".join(
        f'[[destinations]]\nname = "{each}"\nupload_uri = "{origin_server.uri}"\n' for each in names
    )
    (tmp_path / "proxy.toml").write_text(settings)
    for name in [*keys("one"), *OF_ALL, leader(names), *OF_RQ]:
        TYPES["list" if type_of(name) != "list" else "hash"](redis.client, name)
    config = tmp_path / "proxy.toml"
    environment = of_uploader(redis.settings.url, spool.root, CONFIG=config)
    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: len(origin_server.held) == len(made), 60, "both to be there")
        told = [each["key"] for each in service.events("index.foreign")]
        assert service.terminate() == 0

    assert key("one", "routine") in told
    assert len(told) == len(set(told))
