"""The state of a proxy, from its spool, which is the truth, and its index, which may be absent."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import redis

from shared.broker import plain
from shared.config import Settings
from shared.destination import Destination
from shared.errors import SpoolError
from shared.index import Counts, Index
from shared.spool import Spool
from standalone.index_client import open_index
from standalone.table import table

GIBIBYTE = 1 << 30
MINUTE, HOUR = 60, 3600
HEADS = ("Destination", "Kept", "Sending", "Stored", "Quarantine", "Oldest", "State")


@dataclass(frozen=True, slots=True)
class Line:
    """A destination."""

    name: str
    kept: int | None  # instances in the spool; None: it cannot be read
    quarantined: int
    sandbox: bool
    index: Counts | None  # None: Redis cannot say


@dataclass(frozen=True, slots=True)
class State:
    spool: str
    free: int | None  # bytes; None: the spool cannot be read
    redis: str  # "" while it answers
    destinations: tuple[Line, ...]


def look(settings: Settings) -> State:
    spool = Spool(settings.spool)
    counts, fault = _counts(settings, [each.name for each in settings.upload_destinations])
    quarantined = Counter(each.destination for each in spool.quarantined())
    lines = tuple(
        Line(
            each.name,
            _kept(spool, each.name),
            quarantined[each.name],
            _is_sandbox(settings, each),
            counts.get(each.name),
        )
        for each in settings.upload_destinations
    )
    return State(str(spool.root), _free(spool), fault, lines)


def as_content(state: State) -> dict[str, object]:
    return asdict(state)


def as_text(state: State, now: float) -> str:
    free = "cannot be read" if state.free is None else f"{state.free / GIBIBYTE:.1f} GiB free"
    redis_state = state.redis or "answers"
    lines = [_row(each, now, state.redis) for each in state.destinations]
    head = f"spool   {state.spool}, {free}\nRedis   {redis_state}\n\n"
    return head + (table(HEADS, lines) if lines else "no destination takes uploads\n")


def _row(line: Line, now: float, fault: str) -> Sequence[object]:
    found = line.index
    stored = found.totals.get("stored", 0) if found else None
    oldest = _age(now - found.oldest) if found and found.oldest else ""
    sandbox = "SANDBOX, not an archive; " if line.sandbox else ""
    sending = found.leased if found else None
    state = sandbox + _state(line, fault)
    kept = "?" if line.kept is None else line.kept
    return (line.name, kept, sending, stored, line.quarantined, oldest, state)


def _state(line: Line, fault: str) -> str:
    if line.index is None:
        return f"unknown: Redis {fault}" if line.kept != 0 else "idle"
    if line.index.held_for:
        return f"held for {_age(line.index.held_for)}: {line.index.held_because}"
    if line.index.leased:
        return "sending"
    return "waiting" if line.kept else "idle"


def _age(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


def _counts(settings: Settings, names: list[str]) -> tuple[dict[str, Counts], str]:
    client = open_index(settings)
    if client is None:
        return {}, "is not running"
    try:
        with client:
            index = Index(client)
            return {name: index.counts(name) for name in names}, ""
    except redis.RedisError as error:
        return {}, plain(error)


def _kept(spool: Spool, destination: str) -> int | None:
    try:
        return sum(1 for _ in spool.scan(destination))
    except SpoolError:
        return None


def _free(spool: Spool) -> int | None:
    try:
        found = os.statvfs(spool.root)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _is_sandbox(settings: Settings, destination: Destination) -> bool:
    return bool(settings.sandbox) and destination.name == "sandbox"
