"""The index of the spool in Redis: which instances wait for a destination, which are leased.

It may be lost at any moment, and late, and wrong: a scan of the spool puts it right. What it costs
is time, or an instance sent twice; never an instance.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any

from redis import Redis

from shared.entry import Entry
from shared.figures import Figures
from shared.foreign import mending
from shared.keys import EPOCH, SCANS_WANTED, key, keys
from shared.scripts import Scripts

PIECE = 500  # members in a call: some 2 ms of Redis' time; index.lua takes less than 4,000
WAKE = 15.0  # seconds after which a lost tick is made up for
SLOW = 10.0  # seconds without an answer after which people are told
SILENT = "has not answered"  # in words for an operator
FULL_BATCH = 64  # instances that make another tick worth while
NO_KEY = -2  # what PTTL says of a key that is not there
URGENT_TICK = 2  # what scripts say of a tick that is wanted: 0 none, 1 one, 2 one ahead of others

LUA = Path(__file__).with_name("index.lua")


class Room(IntEnum):
    """In Redis, for what was left out of the index; as in index.lua."""

    ENOUGH = 0  # nothing was left out
    NONE = 1
    AGAIN = 2  # said once


class Mark(IntFlag):
    """What is remembered of an instance, as in index.lua; losing it costs a few attempts."""

    NONE = 0
    DOUBTFUL = 1  # a request that failed may have stored it
    ALONE = 2  # to be sent in a request of its own
    ATTEMPT = 4  # the origin server refused it, once more


@dataclass(frozen=True, slots=True)
class Claim:
    """An instance leased to a tick."""

    entry: Entry
    attempts: int = 0  # refusals of this very instance so far
    alone: bool = False  # to be sent in a request of its own
    doubtful: bool = False  # an earlier request may have stored it
    delivered: bool = False  # one has, Redis says, and it could not be removed from the spool


@dataclass(frozen=True, slots=True)
class Batch:
    claims: list[Claim]
    full: bool  # there may be more


@dataclass(frozen=True, slots=True)
class Added:
    """`wanted`: destinations that need a tick; True: for something urgent."""

    number: int
    wanted: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Counts:
    """A destination at a glance."""

    urgent: int
    routine: int
    leased: int
    held_for: float  # seconds; 0: it is not held
    held_because: str
    faults: int  # in a row
    running: int  # ticks
    oldest: float | None  # when the first of what waits was received, seconds since 1970
    totals: Mapping[str, int]

    @property
    def waiting(self) -> int:
        return self.urgent + self.routine


class Index:
    """All methods raise RedisError. Safe to use from several threads."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._scripts = Scripts(client, LUA)

    def add(self, entries: Iterable[Entry], *, wake: bool = True) -> Added:
        """What is known already stays as it is. The caller has to enqueue the ticks wanted. Where
        Redis is full but for a share (its `maxmemory`), what is new is left out: see `room`.
        """
        paths = defaultdict(list)
        for entry in entries:
            paths[entry.destination].append(entry.path)
        added, wanted = 0, dict[str, bool]()
        wake_ms = int(WAKE * 1000) if wake else 0
        for destination, members in paths.items():
            for piece in _pieces(members):
                new, tick = self._call("add", destination, wake_ms, FULL_BATCH, *piece)
                added += new
                _note(wanted, destination, tick)
        return Added(added, wanted)

    def claim(
        self,
        destination: str,
        *,
        most: int,
        max_bytes: int,
        lease: float,
        probing: bool = False,
    ) -> Batch:
        """Lease what is due: what is urgent, else the oldest of the rest."""
        members, marks, full, doubt, stuck = self._call(
            "claim", destination, lease, most, max_bytes, int(probing)
        )
        numbers = [_number(each) for each in marks] or [0] * len(members)
        delivered = [bool(each) for each in stuck] or [False] * len(members)
        claims = []
        for member, number, done in zip(members, numbers, delivered, strict=True):
            try:
                claims.append(_claim(member, number, float(doubt), delivered=done))
            except ValueError:  # nothing of ours: whoever put it there, it leads nowhere
                self._call("ack", destination, member)
        return Batch(claims, bool(full))

    def ack(self, destination: str, entries: Sequence[Entry]) -> None:
        """These have left the spool."""
        for piece in _pieces([each.path for each in entries]):
            self._call("ack", destination, *piece)

    def nack(
        self,
        destination: str,
        entries: Sequence[Entry],
        *,
        delay: float = 0.0,
        mark: Mark = Mark.NONE,
    ) -> None:
        """These have not: due again after `delay` seconds, in their old order if that is 0."""
        attempts, bits = divmod(mark, Mark.ATTEMPT)
        for piece in _pieces([each.path for each in entries]):
            self._call("nack", destination, delay, bits, attempts, *piece)

    def stuck(self, destination: str, entry: Entry) -> None:
        """It was delivered, and cannot be removed: to be claimed again for that, and not sent."""
        name = key(destination, "stuck")
        self._mending([name], lambda: self._client.sadd(name, entry.path))

    def room(self, destination: str) -> Room:
        """Once there is room again for what was left out, the spool has to be scanned."""
        return Room(self._call("room", destination))

    def renew(self, destination: str, tick: str, entries: Sequence[Entry], *, lease: float) -> None:
        """`lease` seconds more for a tick's slot and for what it has claimed."""
        for piece in _pieces([each.path for each in entries]) or [[]]:
            self._call("renew", destination, lease, tick, *piece)

    def reap(self, destination: str) -> int:
        """Make those due again whose lease has ended."""
        return sum(iter(lambda: int(self._call("reap", destination, PIECE)), 0))

    def suspect(self, destination: str, entry: Entry) -> tuple[int, int]:
        """The destination failed on this instance alone: how often with others stored in between,
        and how often in all.
        """
        count, tries = self._call("suspect", destination, entry.path)
        return count, tries

    def refuse(self, destination: str, entry: Entry) -> int:
        """It was refused without a reason: how many that wait were, since one was stored."""
        return int(self._call("refuse", destination, entry.path))

    def wanted(self, destinations: Iterable[str], *, wake: float) -> dict[str, bool]:
        """Ticks, as in Added, for what became due by the passing of time."""
        found: dict[str, bool] = {}
        for each in destinations:
            _note(found, each, self._call("wanted", each, int(wake * 1000)))
        return found

    def counts(self, destination: str) -> Counts:
        urgent, routine, leased, held, because, faults, running, first, totals = self._call(
            "counts", destination
        )
        received = [entry.received for each in first if (entry := _entry(each))]
        names = [_text(each) for each in totals[::2]]
        return Counts(
            urgent=urgent,
            routine=routine,
            leased=leased,
            # In its last millisecond a hold has 0 left, and holds; -2: there is none.
            held_for=max(1, held) / 1000 if held > NO_KEY else 0.0,
            held_because=_text(because),
            faults=faults,
            running=running,
            oldest=min(received, default=None),
            totals=dict(zip(names, map(_number, totals[1::2]), strict=True)),
        )

    def figures(self, destination: str) -> Figures:
        unanswered, found = self._call("figures", destination)
        fields = dict(zip(found[::2], found[1::2], strict=True))
        texts = {_text(name): _text(value) for name, value in fields.items()}
        return Figures(float(unanswered), texts)

    def figure(self, destination: str, name: str, value: float) -> None:
        """Have a figure told from now on."""
        figures = key(destination, "figures")
        self._mending([figures], lambda: self._client.hset(figures, name, repr(value)))

    def count(self, destination: str, what: str, number: int = 1) -> None:
        """Add to a destination's totals."""
        totals = key(destination, "totals")
        self._mending([totals], lambda: self._client.hincrby(totals, what, number))

    def want_scan(self) -> None:
        """Something was left out of the index: the spool should be scanned soon."""
        self._mending([], lambda: self._client.incr(SCANS_WANTED))

    def scans_wanted(self) -> int:
        """How often that was so."""
        return int(self._mending([], lambda: self._client.incrby(SCANS_WANTED, 0)))

    def epoch(self) -> tuple[bytes, bool]:
        """A value that changes when the index is lost, and whether it is new just now."""
        new = secrets.token_hex(8)
        began = bool(self._client.set(EPOCH, new, nx=True))
        found = self._mending([EPOCH], lambda: self._client.get(EPOCH))
        return found if isinstance(found, bytes) else b"", began

    def doubt(self, destination: str) -> None:
        """The index was lost: what is there may have been stored already."""
        self._call("doubt", destination)

    def forget_wake(self, destination: str) -> None:
        """A tick came to nothing: another one is wanted."""
        self._client.delete(key(destination, "wake"))

    def rein(self, destination: str, *, lease: float, delay: float) -> int:
        """Bring back what the server's clock, set back, has left in a far future, and what has no
        end at all: leases longer than `lease` seconds, delays longer than `delay`. How many.
        """
        return int(self._call("rein", destination, lease, delay, WAKE, PIECE))

    def _mending(self, of: list[str], call: Callable[[], Any]) -> Any:
        return mending(self._client, of, call)

    def _call(self, script: str, destination: str, *arguments: Any) -> Any:
        return self._scripts.call(script, keys(destination), *arguments)


def _entry(member: bytes) -> Entry | None:
    """None for what is none of ours."""
    try:
        return Entry.at(member.decode())
    except ValueError:
        return None


def _claim(member: bytes, number: int, doubt_until: float, *, delivered: bool) -> Claim:
    entry = Entry.at(member.decode())
    return Claim(
        entry,
        attempts=number // Mark.ATTEMPT,
        alone=bool(number & Mark.ALONE),
        doubtful=bool(number & Mark.DOUBTFUL) or entry.received <= doubt_until,
        delivered=delivered,
    )


def _number(value: bytes | None) -> int:
    return int(value) if value and value.isdigit() else 0


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _pieces(members: list[str]) -> list[list[str]]:
    return [members[i : i + PIECE] for i in range(0, len(members), PIECE)]


def _note(wanted: dict[str, bool], destination: str, tick: int) -> None:
    if tick:
        wanted[destination] = wanted.get(destination, False) or tick == URGENT_TICK
