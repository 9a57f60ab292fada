"""An identifier as Search transactions: what to ask of the origin server (PS3.18 11.9, 14.4)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pydicom.datadict import keyword_for_tag

from shared.destination import Profile
from worklist.datetimes import Window, search_range
from worklist.dialects import DIALECTS
from worklist.identifier import SCHEDULED_STEPS, Identifier, Key, Keys
from worklist.legacy import legacy_search
from worklist.mapping import ROOT_ROWS, STEP_ROWS
from worklist.presets import MWL_RS, PRESETS, Preset
from worklist.rows import Level, Row
from worklist.search import Search
from worklist.sources import STEP, hex_of
from worklist.workitem import Asking

STATE, START = "ProcedureStepState", "ScheduledProcedureStepStartDateTime"
# What is needed of every workitem, whatever the query asks for: UID, state, zone, code, step ID.
ALWAYS = ("00080018", "00080201", "00400009", "00404018", "00741000")

_START_DATE = f"{STEP}.ScheduledProcedureStepStartDate"
_START_TIME = f"{STEP}.ScheduledProcedureStepStartTime"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the site decides about searches of one origin server."""

    profile: Profile = Profile.UPS_STANDARD
    preset: str = "generic"
    states: tuple[str, ...] = ("SCHEDULED",)
    filter: Mapping[str, str] = field(default_factory=dict)  # by path of tags or keywords
    includefield_all: bool = False
    slack: timedelta = timedelta()
    unassigned: bool = False  # a step without station is answered to every station


def searches(identifier: Identifier, window: Window, asking: Asking, site: Asked) -> list[Search]:
    """One search, or one for each state, of which servers take a single value."""
    if site.profile is Profile.UPS_LEGACY_GOOGLE:
        filters = tuple((".".join(filter_tags(path)), value) for path, value in site.filter.items())
        return [legacy_search(identifier, filters, site.includefield_all)]
    start = search_range(window, asking.zone, asking.upstream, site.slack)
    if site.profile is Profile.MWL_RS:
        return [_worklist_search(identifier, start, asking, site)]
    preset = PRESETS[site.preset]
    fixed = [(START, start)] if start and preset.start else []
    fixed += site.filter.items()
    pushed = _pushed(identifier, preset, asking, site)
    fields = _fields(identifier, _STANDARD_FIELDS, site)
    return [_search([(STATE, state), *fixed], pushed, fields, preset) for state in site.states]


def _worklist_search(
    identifier: Identifier, start: str | None, asking: Asking, site: Asked
) -> Search:
    """PS3.18 14.4: the same keys by the same names.

    A server may read date and time ranges one by one where we read them together, so a time is
    pushed down only within one day, where both are the same.
    """
    fixed: Pairs = list(site.filter.items())
    if start:
        first, _, last = start.partition("-")
        fixed.append((_START_DATE, _range(first[:8], last[:8])))
        if first[:8] == last[:8] and (first[8:], last[8:]) != ("000000", "235959"):
            fixed.append((_START_TIME, _range(first[8:], last[8:])))
    pushed = _pushed(identifier, MWL_RS, asking, site)
    fields = _fields(identifier, _WORKLIST_FIELDS, site)
    return _search(fixed, pushed, fields, MWL_RS)


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first}-{last}"


def _search(fixed: Pairs, pushed: Pairs, fields: tuple[str, ...], preset: Preset) -> Search:
    """Names as the server wants them, each once: a repeated attribute is an error there."""
    seen: set[str] = set()

    def kept(pairs: Pairs) -> Iterator[tuple[str, str]]:
        for path, value in pairs:
            mark = path.rpartition(".")[2] if preset.one_code else path
            if mark not in seen:
                seen.add(mark)
                yield _name(path, preset), value

    return Search(tuple(kept(fixed)), tuple(kept(pushed)), fields)


def _name(path: str, preset: Preset) -> str:
    if preset.by_keyword or path == "fuzzymatching":
        return path
    return ".".join(filter_tags(path))


def filter_tags(path: str) -> list[str]:
    """A path of tags or keywords as tags. ValueError for a keyword that is none."""
    return [each if each[:1].isdigit() else hex_of(each) for each in path.split(".")]


def _pushed(identifier: Identifier, preset: Preset, asking: Asking, site: Asked) -> Pairs:
    asked = list(_rows(identifier, site.profile))
    found: Pairs = []
    for keyword, push in preset.keys.items():
        for row, key in asked:
            if keyword_for_tag(row.tag) == keyword:
                found += push(_path(row, site), _as_stored(row, key, asking, site))
    return found


def _rows(identifier: Identifier, profile: Profile) -> Iterator[tuple[Row, Key]]:
    find = DIALECTS[profile].row
    for level, keys in ((Level.ROOT, identifier.keys), (Level.STEP, identifier.steps or {})):
        for key in keys.values():
            yield find(level, key.tag), key


def _path(row: Row, site: Asked) -> str:
    if site.profile is Profile.UPS_STANDARD:
        return row.search
    keyword = keyword_for_tag(row.tag)
    return f"{STEP}.{keyword}" if row.level is Level.STEP else keyword


def _as_stored(row: Row, key: Key, asking: Asking, site: Asked) -> Key:
    """The key in the server's terms; without values if that is not one value."""
    values = key.values
    if any(not value.strip("*") for value in values):
        return replace(key, values=())  # universal: it would leave out what has no value
    if site.profile is Profile.UPS_STANDARD:
        keyword = keyword_for_tag(row.tag)
        if keyword == "ScheduledStationAETitle":
            values = () if site.unassigned else _codes(values, asking.stations)
        elif keyword == "Modality" and asking.modalities:
            values = ()
    if row.vr == "CS":
        values = tuple(value.upper() for value in values)
    return replace(key, values=values)


def _codes(titles: Iterable[str], stations: Mapping[str, str]) -> tuple[str, ...]:
    """Station codes that the site's table turns into these AE titles, or titles that are codes."""
    wanted = set(titles)
    codes = {code for code, title in stations.items() if title in wanted}
    return tuple(sorted(codes | (wanted - stations.keys())))


def _roots(rows: Iterable[Row]) -> set[str]:
    return {hex_of(path.partition(".")[0]) for row in rows for path in row.paths}


# The same for all queries, so that identical searches can be shared. Root attributes only: servers
# refuse nested ones, and some drop every attribute that is not listed.
_DERIVED_FROM = ("00404005", "00404011", "00404025", "00404026", "0040A370")
_STANDARD_FIELDS = {*ALWAYS, *_DERIVED_FROM, *_roots(STEP_ROWS + ROOT_ROWS)}
_WORKLIST_FIELDS = {"00400100", "00080201", *(f"{row.tag:08X}" for row in ROOT_ROWS)}


def _fields(identifier: Identifier, needed: set[str], site: Asked) -> tuple[str, ...]:
    if site.includefield_all:
        return ("all",)  # alone: with others it is an error
    asked = _unknown(identifier.keys) | _unknown(identifier.steps or {})
    filters = {filter_tags(path)[0] for path in site.filter}
    return tuple(sorted(needed | filters | {f"{tag:08X}" for tag in asked}))


_KNOWN = {row.tag for row in STEP_ROWS + ROOT_ROWS} | {SCHEDULED_STEPS}


def _unknown(keys: Keys) -> set[int]:
    return keys.keys() - _KNOWN
