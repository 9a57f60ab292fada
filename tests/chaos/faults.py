"""Everything that is made to fail, one table."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.chaos.rig import UPLOADERS, WORKERS, Rig
from tests.support import answers
from tests.support.clocks import FAKETIME, faketime
from tests.support.origin_server import Answer

HUNG = 4.0  # seconds that Redis hangs at least: longer than its clients wait
DOWN = 2.0  # seconds that Redis is down
SLOW = 1.0  # seconds until an answer; less than the destination's timeout


@dataclass(frozen=True, slots=True)
class Fault:
    """`interrupts`: requests, at most, that an uploader does not settle for it; those whose answer
    is lost are counted by the origin server.
    """

    name: str
    befall: Callable[[Rig, float], None]  # takes about the seconds it is given
    interrupts: int = 0


ONE_UPLOADER = WORKERS
ALL_UPLOADERS = UPLOADERS * WORKERS


def schedule(seed: int, count: int) -> Iterator[Fault]:
    """Each kind once before any comes again."""
    chance = random.Random(seed)
    while count > 0:
        kinds = list(KINDS)
        chance.shuffle(kinds)
        yield from kinds[:count]
        count -= len(kinds)


def without_clock() -> str | None:
    """Why a process cannot have a clock of its own, if it cannot."""
    return None if faketime() else f"{FAKETIME} is not installed"


def _receiver(rig: Rig, _: float) -> None:
    rig.restart(rig.receiver)


def _uploader(rig: Rig, _: float) -> None:
    rig.restart(rig.chance.choice(rig.uploaders))


def _worker(rig: Rig, _: float) -> None:
    if workers := [pid for each in rig.uploaders for pid in each.children]:
        os.kill(rig.chance.choice(workers), signal.SIGKILL)


def _redis_hangs(rig: Rig, seconds: float) -> None:
    rig.redis.hang()
    time.sleep(max(seconds, HUNG))
    rig.redis.go_on()


def _redis_is_flushed(rig: Rig, _: float) -> None:
    rig.redis.flush()


def _redis_stops(rig: Rig, _: float) -> None:
    rig.restart_redis(empty=False, down=DOWN)


def _redis_loses_all(rig: Rig, _: float) -> None:
    rig.restart_redis(empty=True, down=DOWN)


def _origin_is_down(rig: Rig, seconds: float) -> None:
    rig.origin.down()
    time.sleep(seconds)
    rig.origin.up()


def _origin_is_slow(rig: Rig, seconds: float) -> None:
    rig.origin.be_slow(SLOW)
    time.sleep(seconds)
    rig.origin.be_slow(0.0)


def _origin_stores_half(rig: Rig, seconds: float) -> None:
    rig.misbehave(rig.origin.store_half, seconds)


def _disk_is_full(rig: Rig, seconds: float) -> None:
    rig.fill_disk()
    time.sleep(seconds)
    rig.free_disk()


def _answers(answer: Answer, *, stores: bool = False) -> Callable[[Rig, float], None]:
    return lambda rig, seconds: rig.misbehave(answer, seconds, stores=stores)


def _clock(which: Literal["receiver", "uploader"], offset: str) -> Callable[[Rig, float], None]:
    def befall(rig: Rig, seconds: float) -> None:
        library = faketime()
        if library is None:
            return
        service = rig.receiver if which == "receiver" else rig.uploaders[0]
        own_time = {"FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        rig.restart(service, LD_PRELOAD=str(library), **own_time)
        time.sleep(seconds)
        rig.restart(service)

    return befall


SAID_NOT_DONE = {"type": "SOMETHING^ELSE"}  # JSON that is no Store Instances Response

KINDS = (
    Fault("receiver killed", _receiver),
    Fault("uploader killed", _uploader, ONE_UPLOADER),
    Fault("worker killed", _worker, 1),
    Fault("Redis hangs", _redis_hangs, ALL_UPLOADERS),
    Fault("Redis is flushed", _redis_is_flushed, ALL_UPLOADERS),
    Fault("Redis stops and comes back", _redis_stops, ALL_UPLOADERS),
    Fault("Redis comes back empty", _redis_loses_all, ALL_UPLOADERS),
    Fault("disk is full", _disk_is_full),
    Fault("receiver's clock is an hour fast", _clock("receiver", "+1h")),
    Fault("receiver's clock is an hour slow", _clock("receiver", "-1h")),
    Fault("uploader's clock is an hour fast", _clock("uploader", "+1h"), 2 * ONE_UPLOADER),
    Fault("uploader's clock is an hour slow", _clock("uploader", "-1h"), 2 * ONE_UPLOADER),
    Fault("origin server is down", _origin_is_down, ALL_UPLOADERS),
    Fault("origin server is slow", _origin_is_slow),
    Fault("answers nothing", _answers(answers.hang())),
    Fault("answers 200 and stores nothing", _answers(answers.empty(200, store=False))),
    Fault("answers 200, half stored", _origin_stores_half),
    Fault("answers 202 without a word", _answers(answers.empty(202), stores=True)),
    Fault("answers 200 with other JSON", _answers(answers.status(200, SAID_NOT_DONE))),
    Fault("answers with a login page", _answers(answers.login_page())),
    Fault("answers without end", _answers(answers.gigantic(), stores=True)),
    Fault("answers a byte at a time", _answers(answers.drip())),
    Fault("answers 400", _answers(answers.status(400, "bad request"))),
    Fault("answers 401", _answers(answers.status(401))),
    Fault("answers 403", _answers(answers.status(403))),
    Fault("answers 404", _answers(answers.status(404))),
    Fault("answers 409 without a word", _answers(answers.status(409))),
    Fault("answers 429", _answers(answers.status(429, headers={"Retry-After": "1"}))),
    Fault("answers 500", _answers(answers.status(500))),
    Fault("answers 503", _answers(answers.status(503))),
    Fault("resets in the middle of a request", _answers(answers.reset())),
    Fault("resets after the last byte", _answers(answers.drop(), stores=True)),
)
