"""Dates and times of queries and workitems: what keys mean and how moments move between zones.

A moment is a string of 20 digits, YYYYMMDDHHMMSSffffff, on one wall clock: it sorts as time passes
and mostly needs no datetime object. Its first 8 digits are a date, its last 12 a time of day.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

BEGINNING, END = "0" * 20, "9" * 20
DAY_STARTS, DAY_ENDS = "0" * 12, "235959999999"
UNIVERSAL = frozenset({"", "*", "-"})

# Digits of other scripts are none of DICOM's.
_DATE = re.compile(r"(?a)(\d{4})\.?(\d\d)\.?(\d\d)")  # YYYYMMDD, and YYYY.MM.DD of ACR-NEMA
_TIME = re.compile(r"(?a)(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?")  # TM, and HH:MM:SS
_DATETIME = re.compile(r"(?a)(\d{4,14})(?:\.(\d{1,6})\d*)?\s*([+-]\d{4})?")  # PS3.5 Table 6.2-1
_OFFSET = re.compile(r"(?a)([+-])(\d\d)(\d\d)")
_LONGEST_OFFSET = timedelta(hours=14)

Interval = tuple[str, str]  # first and last moment, both included


class UnreadableKey(ValueError):
    """A date or time key that is neither a value nor a range (PS3.4 C.2.2.2.5)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A key as its first and last value in full precision; "" where it is open."""

    first: str
    last: str
    single: bool


@dataclass(frozen=True, slots=True)
class Window:
    """What a start date key and a start time key ask for together (PS3.4 Table K.6-1)."""

    moments: tuple[Interval, ...] = ((BEGINNING, END),)
    times: tuple[Interval, ...] = ()  # of the day; none: any

    @property
    def universal(self) -> bool:
        return not self.times and self.moments == ((BEGINNING, END),)

    @property
    def empty(self) -> bool:
        return not self.moments

    def holds(self, moment: str) -> bool:
        return any(first <= moment <= last for first, last in self.moments) and (
            not self.times or any(first <= moment[8:] <= last for first, last in self.times)
        )

    @property
    def hull(self) -> Interval:
        """The shortest single interval that holds every moment asked for."""
        return min(each[0] for each in self.moments), max(each[1] for each in self.moments)


def date_bounds(key: str) -> Bounds | None:
    """A DA key; None if it is universal."""
    return _bounds(key, _date, _date)


def time_bounds(key: str) -> Bounds | None:
    """A TM key; a value of low precision stands for its whole minute or hour."""
    return _bounds(key, lambda text: _time(text, "000000"), lambda text: _time(text, "999999"))


def window(date_key: str, time_key: str) -> Window:
    """Start date by start time. Ranges of both are read as one: "July 5 10 am to July 7 6 pm"."""
    days, times = date_bounds(date_key), time_bounds(time_key)
    if days is None:
        return Window(times=_of_the_day(times))
    if days.single:
        intervals = _of_the_day(times) or ((DAY_STARTS, DAY_ENDS),)
        return Window(tuple((days.first + first, days.first + last) for first, last in intervals))
    if times is not None and times.single:
        return Window(_span(days, None), _of_the_day(times))
    return Window(_span(days, times))


def _of_the_day(times: Bounds | None) -> tuple[Interval, ...]:
    if times is None:
        return ()
    first, last = times.first or DAY_STARTS, times.last or DAY_ENDS
    if first <= last:
        return ((first, last),)
    return ((first, DAY_ENDS), (DAY_STARTS, last))  # over midnight


def _span(days: Bounds, times: Bounds | None) -> tuple[Interval, ...]:
    first_time = (times.first if times else "") or DAY_STARTS
    last_time = (times.last if times else "") or DAY_ENDS
    first = days.first + first_time if days.first else BEGINNING
    last = days.last + last_time if days.last else END
    return ((first, last),) if first <= last else ()


def _bounds(
    key: str, first_of: Callable[[str], str], last_of: Callable[[str], str]
) -> Bounds | None:
    key = key.replace(" ", "")
    if key in UNIVERSAL:
        return None
    first, dash, last = key.partition("-")
    if not dash:
        return Bounds(first_of(key), last_of(key), single=True)
    low, high = (first_of(first) if first else ""), (last_of(last) if last else "")
    return Bounds(low, high, single=bool(low) and low == high)


def _date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if not match or not _exists("".join(match.groups())):
        raise UnreadableKey
    return "".join(match.groups())


def _time(text: str, fraction_filler: str) -> str:
    match = _TIME.fullmatch(text)
    if not match:
        raise UnreadableKey
    hour, minute, second, fraction = match.groups()
    rest = "00" if fraction_filler[0] == "0" else "59"
    if hour > "23" or (minute or "00") > "59" or (second or "00") > "60":
        raise UnreadableKey
    second = min(second or rest, "59")  # 60 is a leap second
    return hour + (minute or rest) + second + ((fraction or "") + fraction_filler)[:6]


def _exists(digits: str) -> bool:
    try:
        _clock(digits.ljust(20, "0"))
    except ValueError:
        return False
    return True


def _clock(moment: str) -> datetime:
    year, month, day = int(moment[:4]), int(moment[4:6]), int(moment[6:8])
    hour, minute, second = int(moment[8:10]), int(moment[10:12]), int(moment[12:14])
    return datetime(year, month, day, hour, minute, second, int(moment[14:]))  # noqa: DTZ001 - a wall clock


def _moment(clock: datetime) -> str:
    return f"{clock:%Y%m%d%H%M%S%f}".rjust(20, "0")  # %Y does not pad


def read_moment(value: str) -> tuple[str, str] | None:
    """A DT value as moment and offset ("" if it has none); None if it is no DT.

    Missing parts are the earliest possible; an odd digit at the end is dropped.
    """
    match = _DATETIME.fullmatch(value.strip())
    if not match:
        return None
    digits, fraction, offset = match.groups()
    digits = digits[: len(digits) // 2 * 2]
    digits += "00000101000000"[len(digits) :]
    if digits[12:] == "60":
        digits = digits[:12] + "59"
    moment = digits + (fraction or "").ljust(6, "0")
    return (moment, offset or "") if _exists(moment) else None


def zone_of(offset: str) -> tzinfo | None:
    """The zone of Timezone Offset From UTC (0008,0201), None if it is unreadable."""
    match = _OFFSET.fullmatch(offset.strip())
    if not match:
        return None
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if ahead > _LONGEST_OFFSET:
        return None
    return timezone(ahead if match[1] == "+" else -ahead)


def moved(moment: str, origin: tzinfo, target: tzinfo) -> str:
    """The same moment on another wall clock. In a repeated hour the first pass is meant."""
    if origin == target or moment in {BEGINNING, END}:
        return moment
    try:
        return _moment(_clock(moment).replace(tzinfo=origin).astimezone(target))
    except (ValueError, OverflowError):
        return moment  # at the ends of the calendar


def search_range(window: Window, origin: tzinfo, target: tzinfo, slack: timedelta) -> str | None:
    """The DT range to ask an origin server for: whole seconds, no offset, closed or half open.

    An offset would be ambiguous there, and fractions are misread by some servers.
    """
    first, last = (moved(each, origin, target) for each in window.hull)
    first = "" if first == BEGINNING else _shifted(first, -slack)[:14]
    last = "" if last == END else _shifted(last, slack)[:14]
    return f"{first}-{last}" if first or last else None


def _shifted(moment: str, by: timedelta) -> str:
    if not by:
        return moment
    try:
        return _moment(_clock(moment) + by)
    except OverflowError:
        return moment
