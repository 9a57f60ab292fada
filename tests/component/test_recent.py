"""Counts of the last hour in a real Redis: bounded, and gone by themselves."""

import pytest
from redis import Redis

from shared import recorder
from shared.admission_sections import AdmissionSettings, KnownPeer
from shared.dimse import callers
from shared.dimse.admission import Admission
from shared.dimse.service import Peer
from shared.keys import CALLERS, RECENT
from shared.metric import Sample
from shared.metrics import QUERIES, RECEIVED
from shared.recent import MINUTES, Recent
from shared.recorder import Recorder, totals_of
from tests.support.descriptors import none_left
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until


def test_what_is_counted_adds_up_in_the_current_minute(redis: RedisServer) -> None:
    recent = Recent(redis.client)

    recent.count(RECENT, {"received": 2, "refused A700": 1})
    recent.count(RECENT, {"received": 3, "refused 0124": 1})
    hour = recent.hour(RECENT)

    assert hour.total("received") == 5
    assert hour.total("refused") == 2
    assert hour.of("refused") == {"A700": 1, "0124": 1}
    assert sum(hour.minutes("received")[-2:]) == 5
    assert hour.ago("received") in {0, 1}
    assert hour.ago("stored") is None


def test_a_minute_of_an_earlier_hour_is_forgotten(redis: RedisServer) -> None:
    recent = Recent(redis.client)
    seconds = int(redis.client.time()[0])
    minute = seconds // 60
    for slot in range(MINUTES):  # each as it was two hours ago
        redis.client.hset(RECENT, f"received:{slot}", f"{minute - 2 * MINUTES} 7")

    before = recent.hour(RECENT).total("received")
    recent.count(RECENT, {"received": 1})

    assert before == 0
    assert recent.hour(RECENT).total("received") == 1
    assert redis.client.hlen(RECENT) == MINUTES
    assert 0 < int(redis.client.ttl(RECENT)) <= 7200


def test_a_recorder_tells_what_was_counted_while_redis_was_gone(own_redis: RedisServer) -> None:
    counted = 0
    running = Recorder(
        lambda: own_redis.client, {RECENT: totals_of(lambda: [Sample(RECEIVED, counted)])}
    )
    running.start()
    try:
        own_redis.kill()
        counted = 5
        own_redis.start()
        recent = Recent(own_redis.client)

        wait_until(lambda: recent.hour(RECENT).total("received") == 5, 20, "all to be told")
    finally:
        running.close(5)
    assert recent.hour(RECENT).total("received") == 5


def test_a_recorder_goes_on_once_there_are_descriptors_again(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PAUSE", 0.01)
    opened: list[Redis] = []

    def open_redis() -> Redis:
        opened.append(redis.client)
        return redis.client

    counted = 0
    running = Recorder(open_redis, {RECENT: totals_of(lambda: [Sample(RECEIVED, counted)])})
    counted = 5
    with none_left():
        running.start()
        wait_until(lambda: len(opened) > 1, description="it has failed, and tries again")
    running.close(5)

    assert Recent(redis.client).hour(RECENT).total("received") == 5


def test_labels_are_recorded_apart() -> None:
    source = [Sample(QUERIES, 2, ("0000",)), Sample(QUERIES, 1, ("A700",))]

    assert totals_of(lambda: source)() == {"queries 0000": 2, "queries A700": 1}


@pytest.mark.parametrize(
    ("calling", "name"),
    [("CT1", "CT1"), ("MR17", "MR*"), ("DOE^JANE", callers.OTHERS), ("ct1", callers.OTHERS)],
)
def test_a_caller_is_called_what_the_settings_call_it(calling: str, name: str) -> None:
    peers = [KnownPeer(calling_ae=("CT1", "MR*")), KnownPeer(calling_ae="*")]
    admission = Admission(AdmissionSettings(), peers)

    assert admission.known_as(Peer("1", calling, "US", "192.0.2.1", 4711)) == name


def test_names_are_few() -> None:
    names = [f"CT{number}" for number in range(callers.MOST + 10)]
    admission = Admission(AdmissionSettings(), [KnownPeer(calling_ae=tuple(names))])

    told = {admission.known_as(Peer("1", each, "US", "192.0.2.1", 1)) for each in names}

    assert told == {*names[: callers.MOST], callers.OTHERS}


def test_what_others_wrote_there_counts_for_nothing(redis: RedisServer) -> None:
    recent = Recent(redis.client)
    recent.count(CALLERS, {"associations CT1": 1})
    minute = int(redis.client.time()[0]) // 60
    for field, value in {
        "associations:1": f"{minute} 3",  # without whom
        "associations MR1:1": f"{minute} {'9' * 4299}",
        "associations MR1:2": f"{minute} -1",
        "associations MR1:3": "some time",
    }.items():
        redis.client.hset(CALLERS, field, value)

    assert recent.hour(CALLERS).of("associations") == {"CT1": 1}
