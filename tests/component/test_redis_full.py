"""A Redis with a `maxmemory`: an index must not fill it, for then nothing could empty it."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from shared.broker import connect
from shared.entry import Entry, name_of
from shared.index import PIECE, Added, Index, Room
from tests.support.delivery import settings, uploading
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from uploader.dispatcher import Dispatcher

CLOUD = "cloud"
SPACE = 4_000_000  # bytes beside what Redis needs for itself; an instance takes some 128
FEW = 10_000  # of index.lua
NEVER = 3600.0  # seconds between scans


@pytest.fixture
def small(own_redis: RedisServer) -> RedisServer:
    used = own_redis.client.info("memory")["used_memory"]
    own_redis.client.config_set("maxmemory", used + SPACE)
    own_redis.client.config_set("maxmemory-policy", "noeviction")
    return own_redis


def pieces(priority: str = "routine", to: str = CLOUD) -> Iterator[list[Entry]]:
    """Of instances that no spool has, without end."""
    began = time.time_ns() - 3600 * 10**9
    for piece in count():
        numbers = range(piece * PIECE, piece * PIECE + PIECE)
        yield [
            Entry.at(f"{to}/{priority}/2026112400/{name_of(began + each, 7, 100)}.dcm")
            for each in numbers
        ]


def fill(redis: RedisServer, to: str = CLOUD) -> int:
    """How many were taken before one was left out; for good, however its memory comes and goes."""
    index, taken = Index(connect(redis.settings)), 0
    for piece in pieces(to=to):
        added: Added = index.add(piece)
        taken += added.number
        if not added.number:
            break
    used = redis.client.info("memory")["used_memory"]
    redis.client.config_set("maxmemory", used * 5 // 4)
    return taken


def empty(index: Index, down_to: int) -> None:
    while index.counts(CLOUD).waiting > down_to:
        batch = index.claim(CLOUD, most=PIECE, max_bytes=10**9, lease=60)
        index.ack(CLOUD, [each.entry for each in batch.claims])


def test_the_index_leaves_room_for_those_who_empty_it(small: RedisServer) -> None:
    index = Index(connect(small.settings))

    limit = small.client.info("memory")["maxmemory"]

    taken = fill(small)

    assert taken > FEW
    assert 0.7 < small.client.info("memory")["used_memory"] / limit < 0.8
    assert index.room(CLOUD) is Room.NONE
    assert index.claim(CLOUD, most=PIECE, max_bytes=10**9, lease=60).claims


def test_there_is_room_again_once_half_of_it_is_free_and_that_is_said_once(
    small: RedisServer,
) -> None:
    index = Index(connect(small.settings))
    assert index.room(CLOUD) is Room.ENOUGH
    taken = fill(small)

    empty(index, taken * 9 // 10)
    assert index.room(CLOUD) is Room.NONE
    empty(index, FEW // 2 - 1)

    assert index.room(CLOUD) is Room.AGAIN
    assert index.room(CLOUD) is Room.ENOUGH


def test_what_is_urgent_is_taken_beside_a_backlog(small: RedisServer) -> None:
    index = Index(connect(small.settings))
    fill(small)

    urgent = next(pieces("urgent"))

    assert index.add(urgent).number == PIECE
    claims = index.claim(CLOUD, most=PIECE, max_bytes=10**9, lease=60).claims
    assert [each.entry for each in claims] == urgent


def test_a_destination_goes_on_beside_another_that_fills_the_index(small: RedisServer) -> None:
    index = Index(connect(small.settings))
    fill(small, to="away")

    assert index.add(next(pieces())).number == PIECE
    assert index.room(CLOUD) is Room.ENOUGH


def test_a_redis_that_others_have_filled_can_still_be_emptied(small: RedisServer) -> None:
    """The first write of a claim and of what gives it back frees memory, so Redis allows them."""
    index = Index(connect(small.settings))
    index.add(next(pieces()))
    small.client.config_set("maxmemory", 100_000)

    claims = index.claim(CLOUD, most=10, max_bytes=10**9, lease=60).claims
    index.nack(CLOUD, [each.entry for each in claims[:5]])
    index.ack(CLOUD, [each.entry for each in claims[5:]])

    assert index.counts(CLOUD).waiting == PIECE - 5


def test_who_may_not_ask_for_memory_uses_the_index_all_the_same(small: RedisServer) -> None:
    small.client.execute_command("ACL", "SETUSER", "default", "-info")
    index = Index(connect(small.settings))

    for piece, _ in zip(pieces(), range(FEW // PIECE + 2), strict=False):
        assert index.add(piece).number == PIECE


def test_what_was_left_out_is_sent_when_there_is_room(
    small: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    made = [make(tmp_path, number, size=800) for number in range(5)]
    with uploading(settings(small.settings, tmp_path, destination(origin_server.uri))) as uploader:
        dispatcher = Dispatcher(uploader.at, [CLOUD], NEVER)
        while dispatcher.round():
            pass
        taken = fill(small)
        uploader.keep(*made)
        assert uploader.counts.waiting == taken  # they are in the spool alone

        def delivered() -> bool:
            uploader.drain.tick()
            dispatcher.round()
            return not uploader.left

        wait_until(delivered, 60, "all have left the spool")
    assert len(origin_server.held) == len(made)
