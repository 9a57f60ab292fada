"""Matching of one key against the values of one attribute (PS3.4 C.2.2.2)."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from worklist.datetimes import (
    DAY_STARTS,
    Bounds,
    UnreadableKey,
    date_bounds,
    read_moment,
    time_bounds,
)
from worklist.dicomjson import Texts
from worklist.wildcard import Wildcard

Predicate = Callable[[Texts], bool]

WILDCARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
NUMBER_VRS = frozenset(("DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"))
LIMITS = {"AE": 16, "CS": 16, "SH": 16, "LO": 64}  # characters, PS3.5 Table 6.2-1
_PADDING = " \0"


@dataclass(frozen=True, slots=True)
class Matching:
    """What a site may decide about matching."""

    name_prefix: bool = True  # DOE finds DOE^JOHN
    ignore_accents: bool = False  # in person names
    ignore_case: bool = False  # in all text


def predicate(vr: str, keys: Texts, matching: Matching) -> Predicate | None:
    """A test of an attribute's values; None for a universal key (PS3.4 C.2.2.2.3).

    An attribute without value fails every test. UnreadableKey for a date or time that is none.
    """
    if not keys or any(key.strip("*") == "" for key in keys):
        return None
    make = _BY_VR.get(vr, _literal)
    tests = [test for key in keys if (test := make(key, vr, matching))]
    if len(tests) < len(keys):
        return None
    if len(tests) == 1:
        [test] = tests
        return lambda values: any(test(value) for value in values)
    return lambda values: any(test(value) for value in values for test in tests)


Test = Callable[[str], bool]


def _literal(key: str, _vr: str, _matching: Matching) -> Test:
    return lambda value: value.strip(_PADDING) == key


def _number(key: str, _vr: str, _matching: Matching) -> Test:
    wanted = _as_number(key)

    def test(value: str) -> bool:
        text = value.strip(_PADDING)
        return text == key or (wanted is not None and _as_number(text) == wanted)

    return test


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _date(key: str, _vr: str, _matching: Matching) -> Test | None:
    return _between(date_bounds(key), clean_date)


def _time(key: str, _vr: str, _matching: Matching) -> Test | None:
    return _between(time_bounds(key), _start_of_time)


def _datetime(key: str, _vr: str, _matching: Matching) -> Test | None:
    """A range of DT. A minus may belong to an offset; keys with one are compared as they are."""
    first, dash, last = key.partition("-")
    low, high = read_moment(first), read_moment(last)
    if (first and not low) or (last and not high):
        raise UnreadableKey
    if not dash:
        end = first + "99991231235959999999"[len(first) :]
        return _between(Bounds(low[0] if low else "", end, single=True), _start_of_moment)
    bounds = Bounds(low[0] if low else "", high[0] if high else "", single=False)
    return _between(bounds, _start_of_moment)


def _between(bounds: Bounds | None, clean: Callable[[str], str]) -> Test | None:
    if bounds is None:
        return None
    first, last = bounds.first, bounds.last or "9"
    return lambda value: bool(text := clean(value)) and first <= text <= last


def clean_date(value: str) -> str:
    """YYYYMMDD of a DA as servers write it, "" if it is no date."""
    text = value.strip(_PADDING).replace("-", "").replace(".", "")
    return text if re.fullmatch(r"(?a)\d{8}", text) else ""


def clean_time(value: str) -> str:
    """A TM as servers write it, "" if it is no time."""
    text = value.strip(_PADDING).replace(":", "")
    return text if re.fullmatch(r"(?a)\d\d(\d\d(\d\d(\.\d{1,6})?)?)?", text) else ""


def _start_of_time(value: str) -> str:
    text = clean_time(value).replace(".", "")
    return text + DAY_STARTS[len(text) :] if text else ""


def _start_of_moment(value: str) -> str:
    read = read_moment(value)
    return read[0] if read else ""


def _text(key: str, vr: str, matching: Matching) -> Test:
    fold: Callable[[str], str] = str.upper if vr == "CS" else str.casefold
    if vr != "CS" and not matching.ignore_case:
        fold = str
    wanted = fold(_normal(key))
    if is_wild(wanted):
        fits = Wildcard(wanted).fits
        return lambda value: fits(fold(_normal(value)))
    limit = LIMITS.get(vr, 0)
    if not limit:
        return lambda value: fold(_normal(value)) == wanted

    def test(value: str) -> bool:
        text = fold(_normal(value))  # what we answered is cut at the limit: find that as well
        return wanted in {text, text[:limit].rstrip(_PADDING)}

    return test


def is_wild(key: str) -> bool:
    return "*" in key or "?" in key


def _normal(text: str) -> str:
    return text.strip(_PADDING) if text.isascii() else unicodedata.normalize("NFC", text).strip()


def _name(key: str, _vr: str, matching: Matching) -> Test:
    """One group finds any representation of the name; several are compared one by one."""
    groups = _groups(key, matching)
    tests = [_name_group(group, matching) for group in groups]
    if len(tests) == 1:
        [test] = tests
        return lambda value: any(test(group) for group in _groups(value, matching) if group)

    def in_turn(value: str) -> bool:
        found = _groups(value, matching)
        found += [""] * (len(tests) - len(found))
        return any(found) and all(test(group) for test, group in zip(tests, found, strict=False))

    return in_turn


def _groups(text: str, matching: Matching) -> list[str]:
    folded = unicodedata.normalize("NFC", text).casefold()
    if matching.ignore_accents:
        split = unicodedata.normalize("NFD", folded)
        kept = "".join(each for each in split if not unicodedata.combining(each))
        folded = unicodedata.normalize("NFC", kept)
    return [group.strip().rstrip("^ \0") for group in folded.rstrip("= \0").split("=")]


def _name_group(key: str, matching: Matching) -> Test:
    if key.strip("*") == "":
        return lambda _group: True
    if is_wild(key):
        return Wildcard(key).fits
    prefix = key + "^"
    if not matching.name_prefix:
        return lambda group: group == key
    return lambda group: group == key or group.startswith(prefix)


_BY_VR: dict[str, Callable[[str, str, Matching], Test | None]] = {
    "DA": _date,
    "TM": _time,
    "DT": _datetime,
    "PN": _name,
    **dict.fromkeys(WILDCARD_VRS - {"PN"}, _text),
    **dict.fromkeys(NUMBER_VRS, _number),
}
