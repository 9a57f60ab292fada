"""The state of a proxy, from its spool, which is the truth, and its index, which may be absent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import redis

from shared.broker import plain
from shared.config import Settings
from shared.destination import Destination
from shared.errors import ConfigurationError, SpoolError
from shared.index import SILENT, SLOW, Counts, Index
from shared.index_version import IndexVersion
from shared.reserves import Space, space_at
from shared.spool import Spool
from shared.watermark import WHY, pressure_of
from standalone.index_client import open_index
from standalone.orphans import WHAT_TO_DO, Orphans, orphans
from standalone.orphans import in_words as of_orphans
from standalone.table import table
from standalone.uploaders import left_out, running

GIBIBYTE = 1 << 30
MINUTE, HOUR = 60, 3600
NO_UPLOADER = "no uploader runs"
LEFT_OUT = "no uploader that runs sends there"
HEADS = ("Destination", "Kept", "Sending", "Stored", "Quarantine", "Oldest", "State")


@dataclass(frozen=True, slots=True)
class Line:
    """A destination."""

    name: str
    kept: int | None  # instances in the spool; None: it cannot be read
    oldest: float | None  # when the first of those was received, seconds since 1970
    quarantined: int
    sandbox: bool
    index: Counts | None  # None: Redis cannot say
    fault: str = ""  # the kind it fails with; "" while it stores
    reason: str = ""  # why, in words
    unanswered: float = 0.0  # seconds since it was asked and has answered nothing
    left_out: bool = False  # whether uploaders run, and none of them sends there

    @property
    def held(self) -> bool:
        return self.index is not None and self.index.held_for > 0

    @property
    def silent(self) -> bool:
        """Asked, and not held for it yet."""
        return self.index is not None and not self.held and self.unanswered >= SLOW


@dataclass(frozen=True, slots=True)
class State:
    spool: str
    free: int | None  # bytes; None: the spool cannot be read
    size: int | None  # bytes of its file system
    refuses: str  # why modalities are turned away; "" while they are not
    redis: str  # "" while it answers
    destinations: tuple[Line, ...]
    uploaders: int | None = None  # that run; None: not known, or not yet
    orphans: tuple[Orphans, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the spool and Redis could be asked."""
        return not self.redis and self.free is not None

    @property
    def unserved(self) -> bool:
        """Whether nobody sends: what waits, or would."""
        return bool(self.destinations) and self.uploaders == 0

    @property
    def fails(self) -> bool:
        """Whether somebody has to act at the proxy itself."""
        left_out = any(each.left_out for each in self.destinations)
        return self.unserved or left_out or bool(self.orphans or self.refuses)


def look(settings: Settings) -> State:
    spool = Spool(settings.spool)
    told = _asked(settings, [each.name for each in settings.upload_destinations])
    quarantined = spool.quarantine_counts()
    disk = _disk(spool, settings)
    readable = spool if disk else None
    lines = tuple(
        _line(
            each, readable, quarantined.get(each.name, 0), told, sandbox=_is_sandbox(settings, each)
        )
        for each in settings.upload_destinations
    )
    free, size, refuses = (
        (disk.free, disk.size, WHY[pressure_of(disk)]) if disk else (None, None, "")
    )
    lost = orphans(spool, [each.name for each in lines]) if disk else ()
    return State(str(spool.root), free, size, refuses, told.fault, lines, told.uploaders, lost)


def as_content(state: State) -> dict[str, object]:
    """Each destination with its state in the words that people read."""
    content = asdict(state)
    lines = zip(content["destinations"], state.destinations, strict=True)
    content["destinations"] = [{**each, "state": in_words(line, state)} for each, line in lines]
    return content


def as_text(state: State, now: float) -> str:
    free = "cannot be read" if state.free is None else f"{state.free / GIBIBYTE:.1f} GiB free"
    redis_state = state.redis or "answers"
    lines = [_row(each, now, state) for each in state.destinations]
    if state.refuses:
        free += f": FULL, modalities are turned away ({state.refuses})"
    head = f"spool   {state.spool}, {free}\nRedis   {redis_state}\n"
    if state.unserved:
        head += f"uploads {NO_UPLOADER}: nothing is sent until one does; its log says why\n"
    if names := [each.name for each in state.destinations if each.left_out]:
        head += f"uploads {', '.join(names)}: {LEFT_OUT}: do uploaders have these settings?\n"
    head += "\n"
    lost = "".join(_told(state.spool, each) for each in state.orphans)
    return head + (table(HEADS, lines) if lines else "no destination takes uploads\n") + lost


def _told(spool: str, lost: Orphans) -> str:
    return f"\n{spool}/{lost.name}: {of_orphans(lost)}: {WHAT_TO_DO}\n"


def _row(line: Line, now: float, whole: State) -> Sequence[object]:
    found = line.index
    stored = found.totals.get("stored", 0) if found else None
    oldest = age(now - line.oldest) if line.oldest else ""
    sandbox = "SANDBOX, not an archive; " if line.sandbox else ""
    sending = found.leased if found else None
    state = sandbox + in_words(line, whole)
    kept = "?" if line.kept is None else line.kept
    return (line.name, kept, sending, stored, line.quarantined, oldest, state)


def in_words(line: Line, whole: State) -> str:
    """What a destination does, and why; `whole`: the state that it is of."""
    found = line.index
    if found is None:
        return f"unknown: Redis {whole.redis}"
    said = (
        (whole.unserved, NO_UPLOADER),
        (line.left_out, LEFT_OUT),
        (line.held, f"held for {age(found.held_for)}: {found.held_because}"),
        (line.silent, f"asked, and {SILENT} for {age(line.unanswered)}"),
        (line.fault, f"being tried again, as it {line.reason}"),
    )
    return next((words for applies, words in said if applies), _calm(line.kept, found))


def _calm(kept: int | None, found: Counts) -> str:
    if found.leased:
        return "sending"
    return "waiting" if kept else "idle"


def age(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


@dataclass(frozen=True, slots=True)
class _Told:
    """What Redis says, of each destination, or why it says nothing."""

    found: Mapping[str, tuple[Counts, str, str, float]] = field(default_factory=dict)
    fault: str = ""
    uploaders: int | None = None
    left_out: frozenset[str] = frozenset()


def _asked(settings: Settings, names: list[str]) -> _Told:
    try:
        client = open_index(settings)
    except ConfigurationError:
        return _Told(fault="cannot be asked: its password cannot be read")
    if client is None:
        return _Told(fault="is not running")
    try:
        with client:
            IndexVersion(client).check()
            index = Index(client)
            found = {name: _of_a_destination(index, name) for name in names}
            uploaders = running(client) if names else None
            missing = left_out(client, names) if uploaders else frozenset()
            return _Told(found, uploaders=uploaders, left_out=missing)
    except redis.RedisError as error:
        return _Told(fault=plain(error))


def _line(
    destination: Destination, spool: Spool | None, quarantined: int, told: _Told, *, sandbox: bool
) -> Line:
    """`spool`: None, if it cannot be read."""
    name = destination.name
    kept, oldest = _kept(spool, name) if spool else (None, None)
    counts, fault, reason, unanswered = told.found.get(name, (None, "", "", 0.0))
    return Line(
        name,
        kept,
        oldest,
        quarantined,
        sandbox,
        counts,
        fault,
        reason,
        unanswered,
        left_out=name in told.left_out,
    )


def _of_a_destination(index: Index, name: str) -> tuple[Counts, str, str, float]:
    counts, figures = index.counts(name), index.figures(name)
    fault, reason = (figures.fault, figures.reason) if counts.faults else ("", "")
    return counts, fault, reason, figures.unanswered


def _kept(spool: Spool, destination: str) -> tuple[int | None, float | None]:
    """How many instances, and when the first of them was received."""
    number, first = 0, None
    try:
        for each in spool.scan(destination):
            number += 1
            first = each.received if first is None else min(first, each.received)
    except SpoolError:
        return None, None
    return number, first


def _disk(spool: Spool, settings: Settings) -> Space | None:
    if not spool.root.is_dir():  # a file system says how full it is of a file too
        return None
    try:
        return space_at(spool.root, settings.spool)
    except OSError:
        return None


def _is_sandbox(settings: Settings, destination: Destination) -> bool:
    return bool(settings.sandbox) and destination.name == "sandbox"
