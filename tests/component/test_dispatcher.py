"""The dispatcher puts right what time and accidents do to the index."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import QUEUE
from tests.support.delivery import settings
from tests.support.instances import make
from tests.support.origins import destination
from tests.support.ports import free_port
from tests.support.processes import Service, of_uploader
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until
from uploader.dispatcher import Dispatcher
from uploader.workplace import Workplace, furnish

ANYWHERE = "http://127.0.0.1:9/studies"
Begin = Callable[[RedisServer], tuple[Dispatcher, Workplace]]
NEVER = 3600.0  # seconds between scans, where the test wants none


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    places: list[Workplace] = []

    def begun(redis: RedisServer, **upload: Any) -> tuple[Dispatcher, Workplace]:
        place = furnish(settings(redis.settings, tmp_path, destination(ANYWHERE), **upload))
        place.spool.open()
        places.append(place)
        return Dispatcher(place, ["cloud"], NEVER), place

    yield begun
    for each in places:
        each.lease.close()
        each.spool.close()


def fill(place: Workplace, folder: Path, count: int) -> None:
    data = make(folder, 1, size=800).path.read_bytes()
    for _ in range(count):
        keep(place.spool, data)


def rounds(dispatcher: Dispatcher) -> None:
    """Until no scan is under way."""
    while dispatcher.round():
        pass


def test_what_was_spooled_before_the_start_is_found(
    begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    dispatcher, place = begin(redis)
    fill(place, tmp_path, 1200)

    rounds(dispatcher)
    dispatcher.round()

    assert place.index.counts("cloud").waiting == 1200
    assert redis.client.llen(f"rq:queue:{QUEUE}") == 1


def test_a_flushed_index_is_made_again_and_what_it_held_is_doubtful(
    begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    dispatcher, place = begin(redis)
    fill(place, tmp_path, 10)
    rounds(dispatcher)

    redis.flush()
    rounds(dispatcher)

    claims = place.index.claim("cloud", most=64, max_bytes=10**9, lease=9).claims
    assert len(claims) == 10
    assert all(each.doubtful for each in claims)


def test_a_scan_that_somebody_asked_for_is_made(
    begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    dispatcher, place = begin(redis)
    rounds(dispatcher)
    fill(place, tmp_path, 3)
    rounds(dispatcher)
    assert place.index.counts("cloud").waiting == 0

    place.index.want_scan()
    rounds(dispatcher)

    assert place.index.counts("cloud").waiting == 3


def test_a_scan_that_is_asked_for_meanwhile_follows_the_one_under_way(
    begin: Begin, redis: RedisServer
) -> None:
    """Begun anew each time, none would come to its end while a receiver keeps asking."""
    dispatcher, place = begin(redis)
    rounds(dispatcher)
    under_way = dispatcher._scan = iter(())

    place.index.want_scan()
    dispatcher._watch_epoch(newly=False)
    assert dispatcher._scan is under_way
    rounds(dispatcher)
    dispatcher._watch_epoch(newly=False)

    assert dispatcher._scan not in {None, under_way}


def test_leases_that_ended_are_reaped_and_the_destination_woken(
    begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    dispatcher, place = begin(redis)
    fill(place, tmp_path, 3)
    rounds(dispatcher)
    place.index.claim("cloud", most=64, max_bytes=10**9, lease=0.05)

    wait_until(lambda: dispatcher.round() or place.index.counts("cloud").waiting == 3)


def test_instances_of_a_destination_that_is_no_more_are_named_and_kept(
    redis: RedisServer, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    [kept] = keep(spool, b"instance", ("former",))
    uri = f"http://127.0.0.1:{free_port()}/studies"
    environment = of_uploader(redis.settings.url, spool.root, UPLOAD__URI=uri)

    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: service.events("spool.unrouted"), 30, "it to be told")
        assert service.terminate() == 0

    assert spool.file(kept).exists()


def test_only_one_of_several_leads(begin: Begin, redis: RedisServer, tmp_path: Path) -> None:
    first, place = begin(redis)
    second, _ = begin(redis)
    rounds(first)
    fill(place, tmp_path, 3)
    place.index.want_scan()

    rounds(second)

    assert place.index.counts("cloud").waiting == 0
    redis.client.delete("dcm:leader:cloud")  # the first is gone
    rounds(second)
    assert place.index.counts("cloud").waiting == 3


def test_a_redis_that_comes_back_empty_is_filled_again(
    begin: Begin, own_redis: RedisServer, tmp_path: Path
) -> None:
    dispatcher, place = begin(own_redis)
    fill(place, tmp_path, 5)
    dispatcher.start()
    wait_until(lambda: place.index.counts("cloud").waiting == 5)
    wait_until(lambda: dispatcher.trouble() is None)  # it is told after its round

    own_redis.kill()
    wait_until(lambda: dispatcher.trouble() == "does not answer", 20)
    own_redis.start()

    wait_until(lambda: dispatcher.trouble() is None, 20)
    wait_until(lambda: place.index.counts("cloud").waiting == 5, 20)
    assert dispatcher.wedged() is None
    dispatcher.close()
    assert not dispatcher.running
