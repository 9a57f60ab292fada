"""Whose turn it is to send: slots of a destination, holds while it fails, a probe after each."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from random import random
from typing import Any

from redis import Redis

from shared import index, recent
from shared.destination import Destination
from shared.errors import Busy, DestinationFault, Silent
from shared.figures import kind
from shared.keys import PRESENCE, UPLOADERS, keys, leader
from shared.scripts import Scripts
from shared.sections import Upload
from uploader.pace import abreast

LUA = Path(__file__).with_name("turns.lua")
GROWTH = 10.0  # seconds of success for one request more at once, after it asked for fewer
LEADERSHIP = 5.0  # seconds after which another dispatcher takes over
NO_FIGURES: Mapping[str, int] = {}


class State(StrEnum):
    """What a tick is told when it begins."""

    OPEN = "open"
    PROBING = "probing"  # the first request after a hold, and the only one
    HELD = "held"
    PROBED = "probed"  # another tick is probing
    FULL = "full"  # all slots are taken


class Lead(IntEnum):
    NO = 0
    STILL = 1
    NEWLY = 2


@dataclass(slots=True)
class Turn:
    destination: Destination
    state: State
    tick: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def granted(self) -> bool:
        return self.state in {State.OPEN, State.PROBING}

    @property
    def probing(self) -> bool:
        return self.state is State.PROBING


@dataclass(frozen=True, slots=True)
class Hold:
    begun: bool  # now; else it was held already
    seconds: float
    faults: int  # in a row


class Turns:
    """All methods raise RedisError."""

    def __init__(self, client: Redis, settings: Upload, *, several: bool) -> None:
        """`several`: there are other destinations, for which a worker must be left."""
        self._scripts = Scripts(client, LUA, recent.LUA, index.LUA)
        self._settings = settings
        self._several = int(several)

    def begin(self, destination: Destination) -> Turn:
        turn = Turn(destination, State.FULL)
        turn.state = State(
            self._call(
                "begin", destination, turn.tick, self._settings.lease, *self._caps(destination)
            ).decode()
        )
        return turn

    def spawn(self, destination: Destination) -> bool:
        """Whether one more tick should be enqueued: a batch was full, and a slot is free."""
        return bool(self._call("spawn", destination, _wake_ms(), *self._caps(destination)))

    def finish(self, turn: Turn) -> dict[str, bool]:
        """Leave the slot; which tick to enqueue for what is left, as from Index.add."""
        wanted = self._call("finish", turn.destination, turn.tick, _wake_ms())
        return {turn.destination.name: wanted == index.URGENT_TICK} if wanted else {}

    def fault(self, turn: Turn, fault: DestinationFault) -> Hold:
        """Hold the destination."""
        begun, ms, faults = self._call(
            "fault",
            turn.destination,
            turn.tick,
            self._settings.retry_base,
            self._settings.retry_cap,
            random(),  # noqa: S311  # jitter is no secret
            fault.retry_after or 0,
            int(isinstance(fault, Busy)),
            turn.destination.parallelism,
            fault.reason,
            int(isinstance(fault, Silent)),
            kind(fault),
        )
        return Hold(bool(begun), ms / 1000, faults)

    def success(
        self, turn: Turn, *, stored: int, duplicates: int, figures: Mapping[str, int] = NO_FIGURES
    ) -> bool:
        """A request was answered as it should be. Whether the destination had failed before."""
        recovered = self._call(
            "success",
            turn.destination,
            turn.tick,
            turn.destination.parallelism,
            GROWTH,
            stored,
            duplicates,
            *(part for each in figures.items() for part in each),
        )
        turn.state = State.OPEN
        return bool(recovered)

    def present(self, uploader: str) -> None:
        """Count this uploader's workers among all, for some seconds."""
        self._scripts.call("present", [UPLOADERS], uploader, self._settings.workers, PRESENCE)

    def lead(self, uploader: str, destinations: Iterable[str]) -> Lead:
        """Whether this uploader's dispatcher leads those of the same destinations, for some seconds
        more.
        """
        milliseconds = int(LEADERSHIP * 1000)
        return Lead(self._scripts.call("lead", [leader(destinations)], uploader, milliseconds))

    def _caps(self, destination: Destination) -> tuple[int, int, int]:
        return abreast(destination), self._several, self._settings.workers

    def _call(self, script: str, destination: Destination, *arguments: Any) -> Any:
        return self._scripts.call(script, [*keys(destination.name), UPLOADERS], *arguments)


def _wake_ms() -> int:
    return int(index.WAKE * 1000)
