"""What was kept reaches the index, and Redis is never on the way of a C-STORE."""

import time
from collections.abc import Callable, Iterator

import pytest

from receiver.notify import MOST, Notifier
from shared.broker import connect
from shared.entry import Entry, name_of
from shared.index import Index
from shared.jobs import QUEUE
from shared.sections import RedisSettings
from tests.support.descriptors import none_left
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

Begin = Callable[[RedisSettings], Notifier]
PATIENCE = 30.0  # seconds for what has to outlast time-outs of Redis


@pytest.fixture
def begin() -> Iterator[Begin]:
    notifiers = []

    def begun(settings: RedisSettings) -> Notifier:
        notifier = Notifier(settings)
        notifiers.append(notifier)
        notifier.start()
        return notifier

    yield begun
    for each in notifiers:
        each.close(0.0)


def entries(count: int, to: str = "cloud", *, first: int = 0) -> list[Entry]:
    return [
        Entry.at(f"{to}/routine/2026112400/{name_of(number, 7, 10)}.dcm")
        for number in range(first, first + count)
    ]


def waiting(redis: RedisServer, to: str = "cloud") -> int:
    return Index(connect(redis.settings)).counts(to).waiting


def test_what_is_announced_is_indexed_and_a_tick_enqueued(begin: Begin, redis: RedisServer) -> None:
    notifier = begin(redis.settings)

    notifier.announce([*entries(3), *entries(2, "research")])

    wait_until(lambda: waiting(redis) == 3 and waiting(redis, "research") == 2)
    wait_until(lambda: redis.client.llen(f"rq:queue:{QUEUE}") == 2)


def test_a_flood_makes_one_tick_and_not_thousands(begin: Begin, redis: RedisServer) -> None:
    notifier = begin(redis.settings)

    for each in entries(5000):
        notifier.announce([each])

    wait_until(lambda: waiting(redis) == 5000)
    assert redis.client.llen(f"rq:queue:{QUEUE}") == 1


def test_announcing_takes_no_time_where_there_is_no_redis(begin: Begin) -> None:
    notifier = begin(RedisSettings(url=f"redis://127.0.0.1:{free_port()}/0"))

    slowest = _slowest(notifier)

    assert slowest < 0.1


def test_a_hung_redis_takes_no_time_and_gets_everything_when_it_goes_on(
    begin: Begin, own_redis: RedisServer
) -> None:
    notifier = begin(own_redis.settings)
    notifier.announce(entries(1))
    wait_until(lambda: waiting(own_redis) == 1)

    own_redis.hang()
    slowest = _slowest(notifier)
    own_redis.go_on()

    assert slowest < 0.1
    wait_until(lambda: waiting(own_redis) == 1000, PATIENCE)


def test_a_redis_that_comes_back_empty_gets_what_was_not_told(
    begin: Begin, own_redis: RedisServer
) -> None:
    notifier = begin(own_redis.settings)
    own_redis.kill()
    notifier.announce(entries(10))
    own_redis.start()

    wait_until(lambda: waiting(own_redis) == 10, PATIENCE)


def test_without_a_descriptor_at_the_first_announcement_all_is_indexed_later(
    begin: Begin, redis: RedisServer
) -> None:
    notifier = begin(redis.settings)
    with none_left():
        notifier.announce(entries(3))
        wait_until(lambda: notifier._failing, description="it has tried")

    wait_until(lambda: waiting(redis) == 3, description="there are descriptors again")
    notifier.announce(entries(7, first=3))
    wait_until(lambda: waiting(redis) == 10)


def test_what_is_too_much_to_remember_is_left_to_a_scan(
    begin: Begin, own_redis: RedisServer
) -> None:
    notifier = begin(own_redis.settings)
    own_redis.kill()
    for each in entries(MOST + 500):
        notifier.announce([each])
    own_redis.start()

    index = Index(connect(own_redis.settings))
    wait_until(lambda: index.counts("cloud").waiting >= MOST, PATIENCE)
    wait_until(lambda: index.scans_wanted() > 0)


def test_closing_tells_what_is_left(begin: Begin, redis: RedisServer) -> None:
    notifier = begin(redis.settings)
    notifier.announce(entries(2000))

    notifier.close(10.0)

    assert waiting(redis) == 2000


def test_closing_waits_no_longer_than_it_may(begin: Begin, own_redis: RedisServer) -> None:
    notifier = begin(own_redis.settings)
    own_redis.hang()
    notifier.announce(entries(1))

    began = time.monotonic()
    notifier.close(0.2)

    own_redis.go_on()
    assert time.monotonic() - began < 5.0


def _slowest(notifier: Notifier) -> float:
    slowest = 0.0
    for each in entries(999, first=1):
        began = time.monotonic()
        notifier.announce([each])
        slowest = max(slowest, time.monotonic() - began)
    return slowest
