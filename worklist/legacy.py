"""The search dialect of the prototype (google/dicomproxy), parameter by parameter.

Every key of the query is a parameter by its path in the worklist, some moved; those without value
are listed as includefield. The start is one DT, made by joining the texts of date and time.
"""

from collections.abc import Iterator

from worklist.datetimes import UNIVERSAL
from worklist.identifier import (
    SCHEDULED_STEPS,
    SPECIFIC_CHARACTER_SET,
    TIMEZONE_OFFSET,
    Identifier,
    Key,
    Keys,
)
from worklist.search import XML, Search

STEPS = f"{SCHEDULED_STEPS:08X}"
_DATE, _TIME, _START = f"{STEPS}.00400002", f"{STEPS}.00400003", f"{STEPS}.00404005"
_REQUESTS = "0040A370"
_CODE_VALUE, _MEANING = 0x00080100, 0x00080104
_MOVED = ("0020000D", "00321032", "00080090", "00321060", "00401001", "00080050")


def legacy_search(
    identifier: Identifier, filters: tuple[tuple[str, str], ...], includefield_all: bool
) -> Search:
    values = dict(_flat(identifier.keys))
    _raw(values, identifier)
    _join_start(values)
    for tag in _MOVED:
        if tag in values:
            values[f"{_REQUESTS}.{tag}"] = values.pop(tag)
    matched = sorted((path, value) for path, value in values.items() if value)
    returned = sorted(path for path, value in values.items() if not value)
    fields = ("all",) if includefield_all else tuple(returned)
    return Search(filters, tuple(matched), fields, XML, paged=False)


def _flat(keys: Keys, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Paths and values; a sequence is a key of its own only if it has no item.

    Of a list the prototype sent the first value, and so lost what has another: here a list, like
    the meaning of a code, is only asked to be returned.
    """
    for key in keys.values():
        path = f"{prefix}{key.tag:08X}"
        if key.keys:
            yield from _flat(key.keys, f"{path}.")
        elif len(key.values) != 1 or (key.tag == _MEANING and _CODE_VALUE in keys):
            yield path, ""
        else:
            yield path, _as_sent(key)


def _as_sent(key: Key) -> str:
    [value] = key.values
    if not value.strip("*"):
        return ""  # universal: the server may not know
    if key.vr == "PN":
        return value.rstrip("^= ")
    return value.upper() if key.vr == "CS" else value


def _raw(values: dict[str, str], identifier: Identifier) -> None:
    if identifier.terms:
        values[f"{SPECIFIC_CHARACTER_SET:08X}"] = identifier.terms[0].strip(" \0")
    if identifier.offset:
        values[f"{TIMEZONE_OFFSET:08X}"] = identifier.offset


def _join_start(values: dict[str, str]) -> None:
    if _DATE not in values:
        if _TIME in values:
            values[_TIME] = ""  # of no day: matched here
        return
    date, time = values.pop(_DATE), values.pop(_TIME, "")
    if date in UNIVERSAL:  # a time without a date makes no DT
        values[_START] = ""
        return
    first_date, date_dash, last_date = date.partition("-")
    first_time, time_dash, last_time = time.partition("-")
    if not date_dash and not time_dash:
        values[_START] = date + time
        return
    last_date = last_date if date_dash else date
    last_time = last_time if time_dash else time
    first = first_date + first_time if first_date else ""
    last = last_date + last_time if last_date else ""  # never a time alone, as the prototype had
    if first and last and first > last:  # over midnight, or a mistake: days are matched here
        first, last = first_date, last_date
    values[_START] = f"{first}-{last}"
