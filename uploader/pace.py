"""Sends no faster than a destination's line may be used, counted over all uploaders."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from shared.bandwidth import UNLIMITED, allowed, local_now
from shared.destination import Destination
from shared.scripts import Scripts

LUA = Path(__file__).with_name("pace.lua")
SMALLEST, LARGEST = 1024, 64 * 1024  # bytes sent at once
PIECES = 8  # of a second's bytes: the line is used evenly
REQUEST = 2.0  # seconds' worth of bytes in a request: one that breaks off cost no more
ABREAST = 2  # requests at once: more would only each take longer
LONGEST = 60.0  # seconds of waiting for one's turn

Now = Callable[[], datetime]


def is_limited(destination: Destination) -> bool:
    """At some hour at least."""
    return bool(destination.bandwidth or destination.bandwidth_hours)


def rate(destination: Destination, now: Now = local_now) -> int:
    """Bytes a second, now; UNLIMITED if there is no limit."""
    if not is_limited(destination):
        return UNLIMITED
    return allowed(destination.bandwidth, destination.bandwidth_hours, now())


def abreast(destination: Destination) -> int:
    """Requests at once."""
    most = destination.parallelism
    return most if rate(destination) == UNLIMITED else min(most, ABREAST)


class Pace:
    """Of one destination that is limited, in one worker."""

    def __init__(self, client: Redis, destination: Destination, now: Now = local_now) -> None:
        self._scripts = Scripts(client, LUA)
        self._keys = [f"dcm:{{{destination.name}}}:pace"]
        self._destination = destination
        self._now = now

    @property
    def rate(self) -> int:
        """Bytes a second, now; UNLIMITED if there is no limit."""
        return rate(self._destination, self._now)

    @property
    def room(self) -> float:
        """Bytes that a request should have at most."""
        return self.rate * REQUEST or float("inf")

    def over(self, body: Iterable[bytes]) -> "Paced":
        return Paced(body, self)

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The chunk as it may be sent, each piece in its time."""
        view, at = memoryview(chunk), 0
        while at < len(view):
            rate = self.rate
            if rate == UNLIMITED:
                yield chunk[at:]
                return
            size = min(len(view) - at, max(SMALLEST, min(LARGEST, rate // PIECES)))
            time.sleep(self._turn(size, rate))
            yield bytes(view[at : at + size])
            at += size

    def _turn(self, size: int, rate: int) -> float:
        try:
            return float(self._scripts.call("take", self._keys, size, rate, LONGEST))
        except RedisError:  # what the others do is not known: as if two sent at once
            return ABREAST * size / rate


class Paced(Iterable[bytes]):
    """A body that may be sent again, as the one it is made of."""

    def __init__(self, body: Iterable[bytes], pace: Pace) -> None:
        self._body = body
        self._pace = pace

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            yield from self._pace.pieces(chunk)


def pace_of(client: Redis, destination: Destination) -> Pace | None:
    """None: it may be sent to as fast as can be, at any hour."""
    return Pace(client, destination) if is_limited(destination) else None
