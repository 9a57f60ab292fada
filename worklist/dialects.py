"""How an origin server's items become worklist attributes: one dialect for each profile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from shared.destination import Profile
from worklist.dicomjson import NOTHING, DataSet, Texts, first, items, texts
from worklist.elements import vr_of
from worklist.mapping import ROOT_ROWS, STEP_ROWS
from worklist.match import clean_date, clean_time
from worklist.rows import Level, Row
from worklist.sources import START, Source, date_of, first_of, once, step_id, study_uid, time_of
from worklist.workitem import Asking, Workitem

Place = Callable[[Workitem], DataSet]

_TABLE = {(row.level, row.tag): row for row in STEP_ROWS + ROOT_ROWS}
_OTHER = {Level.ROOT: Level.STEP, Level.STEP: Level.ROOT}
_STEP_DATE, _STEP_TIME, _STEP_ID = 0x00400002, 0x00400003, 0x00400009
_STUDY_UID, _PROCEDURE_ID, _ACCESSION = 0x0020000D, 0x00401001, 0x00080050


@dataclass(frozen=True, slots=True)
class Dialect:
    row: Callable[[Level, int], Row]  # of a key, at whichever level a modality put it
    start: Callable[[Workitem, Asking], tuple[str, bool]]  # moment or "", whether it has a time
    undated: bool = False  # whether a step without a start date is answered


def _request(workitem: Workitem) -> DataSet:
    return workitem.request


def _lone_request(workitem: Workitem) -> DataSet:
    return workitem.lone_request  # the prototype moved its content only then


def _root(workitem: Workitem) -> DataSet:
    return workitem.root


def _step(workitem: Workitem) -> DataSet:
    return workitem.step


@lru_cache(maxsize=4096)
def _standard_row(level: Level, tag: int) -> Row:
    row = _TABLE.get((level, tag)) or _TABLE.get((_OTHER[level], tag))
    return row or _as_it_is(level, tag, (_request, _root))


def _standard_start(workitem: Workitem, asking: Asking) -> tuple[str, bool]:
    return workitem.moment(first(workitem.root, START), asking), True


@lru_cache(maxsize=4096)
def _given_row(level: Level, tag: int) -> Row:
    """The item is a worklist item already: only what must have a value (type 1) is derived."""
    row = _TABLE.get((level, tag)) or _TABLE.get((_OTHER[level], tag))
    level = row.level if row else level
    places = (_step, _root) if level is Level.STEP else (_lone_request, _root, _step)
    given = _as_it_is(level, tag, places)
    given = replace(given, fill=row.fill, also=row.also, type=row.type) if row else given
    if start := _STARTS.get(tag):
        return replace(given, value=start)
    if derived := _DERIVED.get(tag):
        given = replace(given, value=first_of((given.value, *derived())))
    return replace(given, value=once(given.value))


def _as_it_is(level: Level, tag: int, places: Sequence[Place]) -> Row:
    name, vr = f"{tag:08X}", vr_of(tag)

    def value(workitem: Workitem, _asking: Asking) -> Texts:
        return next((found for place in places if (found := texts(place(workitem), name))), NOTHING)

    def nested(workitem: Workitem, _asking: Asking) -> Sequence[DataSet]:
        return next((found for place in places if (found := items(place(workitem), name))), ())

    return Row(tag, level, vr, "3", (), "", value, nested if vr == "SQ" else None)


def _given_start(workitem: Workitem, asking: Asking) -> tuple[str, bool]:
    """A start DT of the prototype's dialect, else a start date and time.

    The prototype took a time only from a DT of at least six more digits that are not midnight.
    """
    value = first(workitem.step, START).strip(" \0")
    if value:
        time = value[8:].partition("+")[0].partition("-")[0]
        return workitem.moment(value, asking), len(time) >= len("HHMMSS") and bool(time.strip("0."))
    day = clean_date(first(workitem.step, f"{_STEP_DATE:08X}"))
    time = clean_time(first(workitem.step, f"{_STEP_TIME:08X}"))
    return workitem.moment(day + time, asking) if day else "", bool(time)


def _given_date(workitem: Workitem, asking: Asking) -> Texts:
    return date_of(_given_start(workitem, asking)[0])


def _given_time(workitem: Workitem, asking: Asking) -> Texts:
    moment, timed = _given_start(workitem, asking)
    return time_of(moment) if timed else NOTHING


_STARTS: dict[int, Source] = {_STEP_DATE: _given_date, _STEP_TIME: _given_time}
_DERIVED: dict[int, Callable[[], Sequence[Source]]] = {
    _STEP_ID: lambda: (step_id,),
    _STUDY_UID: lambda: (study_uid,),
    _PROCEDURE_ID: lambda: (
        _given_row(Level.ROOT, _ACCESSION).value,
        _given_row(Level.STEP, _STEP_ID).value,
    ),
}

_STANDARD = Dialect(_standard_row, _standard_start)
DIALECTS = {
    Profile.UPS_STANDARD: _STANDARD,
    Profile.UPS_LEGACY_GOOGLE: Dialect(_given_row, _given_start, undated=True),
    Profile.MWL_RS: Dialect(_given_row, _given_start),
}
