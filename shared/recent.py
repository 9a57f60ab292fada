"""What happened in the last hour, by minutes, in Redis: for those who watch, and for nothing else.

    dcm:{destination}:recent    stored, duplicates: counted with the totals of a destination
    dcm:recent                  what receivers and worklists count
    dcm:callers                 associations by the AE titles that the settings name

Each is one hash of a bounded size that goes by itself. It holds numbers, and names of our own
settings; nothing that came from the wire.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from shared.keys import key
from shared.scripts import Scripts

LUA = Path(__file__).with_name("recent.lua")
MINUTES = 60
COUNT = re.compile(rb"([0-9]{1,15}) ([0-9]{1,15})")  # as recent.lua writes it: minute, number


@dataclass(frozen=True, slots=True)
class Hour:
    """Counts by what was counted: 60 minutes each, the current one last."""

    counts: Mapping[str, list[int]] = field(default_factory=dict)

    def minutes(self, *what: str) -> list[int]:
        """Of all these together; of those counted by label, all labels."""
        found = [each for name, each in self.counts.items() if name.partition(" ")[0] in what]
        return [sum(each) for each in zip(*found, strict=True)] if found else [0] * MINUTES

    def total(self, *what: str) -> int:
        return sum(self.minutes(*what))

    def of(self, what: str) -> dict[str, int]:
        """By label."""
        before = f"{what} "
        named = {each: sum(counts) for each, counts in self.counts.items()}
        return {
            name.removeprefix(before): total
            for name, total in named.items()
            if name.startswith(before) and total
        }

    def ago(self, what: str) -> int | None:
        """Minutes since exactly this was counted last; None: not in this hour."""
        counted = [at for at, number in enumerate(self.counts.get(what, ())) if number]
        return MINUTES - 1 - counted[-1] if counted else None


class Recent:
    """All methods raise RedisError. Safe to use from several threads."""

    def __init__(self, client: Redis) -> None:
        self._scripts = Scripts(client, LUA)

    def count(self, name: str, counts: Mapping[str, int]) -> None:
        """`name`: RECENT or CALLERS."""
        if counts:
            self._scripts.call("count", [name], *(part for each in counts.items() for part in each))

    def hour(self, *names: str) -> Hour:
        """Of these keys together."""
        now, *found = self._scripts.call("hour", list(names))
        return _hour(now, *found)


def of_destination(name: str) -> str:
    """The key of what was stored there."""
    return key(name, "recent")


def _hour(now: int, *hashes: list[bytes]) -> Hour:
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * MINUTES)
    for each in hashes:
        for name, value in zip(each[::2], each[1::2], strict=True):
            written = COUNT.fullmatch(value)
            if written is None:  # none of ours
                continue
            minute, number = map(int, written.groups())
            ago = now - minute
            if 0 <= ago < MINUTES:
                counts[name.decode("utf-8", "replace").rpartition(":")[0]][MINUTES - 1 - ago] += (
                    number
                )
    return Hour(counts)
