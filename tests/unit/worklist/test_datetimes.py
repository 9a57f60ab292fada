"""Start date and time keys: what is asked upstream and what is left to match here."""

from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from worklist.datetimes import (
    UnreadableKey,
    moved,
    read_moment,
    search_range,
    window,
    zone_of,
)

NOON = "20240105120000000000"


def asked(date: str, time: str = "") -> str | None:
    return search_range(window(date, time), UTC, UTC, timedelta())


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20240105", "", "20240105000000-20240105235959"),
        ("2024.01.05", "*", "20240105000000-20240105235959"),
        ("20240105-20240107", "", "20240105000000-20240107235959"),
        ("20240105-", "", "20240105000000-"),
        ("-20240105", "", "-20240105235959"),
        ("20240105", "10", "20240105100000-20240105105959"),
        ("20240105", "1000-1200", "20240105100000-20240105120059"),
        ("20240105", "2200-0200", "20240105000000-20240105235959"),
        ("20240705-20240707", "100000-180000", "20240705100000-20240707180000"),
        ("20240705-20240707", "1000", "20240705000000-20240707235959"),
        ("20240705-", "1000-", "20240705100000-"),
        ("20240705-", "-1000", "20240705000000-"),
        ("-20240705", "0800-1000", "-20240705100059"),
        ("20240705-20240707", "1000-", "20240705100000-20240707235959"),
        ("20240705-20240707", "-1000", "20240705000000-20240707100059"),
        ("", "0800-1200", None),
        ("*", "0800-1200", None),
        ("-", "", None),
        (" 20240105 ", " 10:30 ", "20240105103000-20240105103059"),
        ("20240105-20240105", "2200-0200", "20240105000000-20240105235959"),
    ],
)
def test_keys_become_one_range_of_whole_seconds(date: str, time: str, expected: str | None) -> None:
    assert asked(date, time) == expected


def test_a_range_that_ends_before_it_begins_asks_for_nothing() -> None:
    assert window("20240107-20240105", "").empty
    assert window("20240107-20240105", "1000-1200").empty


@pytest.mark.parametrize(
    ("date", "time", "moments", "others"),
    [
        ("20240105", "2200-0200", ["20240105230000", "20240105020030"], ["20240105120000"]),
        ("20240705-20240707", "100000-180000", ["20240706030000"], ["20240705095959"]),
        ("20240705-20240707", "1000", ["20240706100030"], ["20240706030000", "20240708100000"]),
        ("", "0800-1200", ["19990101080000", "20240105120059"], ["20240105120100"]),
        ("20240105", "", ["20240105000000", "20240105235959"], ["20240106000000"]),
    ],
)
def test_what_a_search_cannot_say_is_matched_here(
    date: str, time: str, moments: list[str], others: list[str]
) -> None:
    asked_for = window(date, time)

    assert all(asked_for.holds(each.ljust(20, "0")) for each in moments)
    assert not any(asked_for.holds(each.ljust(20, "0")) for each in others)


def test_the_bounds_are_moved_to_the_zone_of_the_server() -> None:
    zone = zone_of("+0100")
    assert zone

    found = search_range(window("20240331", ""), zone, UTC, timedelta())

    assert found == "20240330230000-20240331225959"


def test_slack_widens_what_is_asked_and_not_what_is_matched() -> None:
    asked_for = window("20240105", "")

    found = search_range(asked_for, UTC, UTC, timedelta(hours=14))

    assert found == "20240104100000-20240106135959"
    assert not asked_for.holds("20240106000000000000")


@pytest.mark.parametrize(
    "date", ["TODAY", "202401", "20240230", "20240105-2024", "2024010", "1-2", "\u06620240105"]
)
def test_a_date_key_that_is_no_date_is_told(date: str) -> None:
    with pytest.raises(UnreadableKey):
        window(date, "")


@pytest.mark.parametrize("time", ["noon", "25", "1061", "100", "10-25"])
def test_a_time_key_that_is_no_time_is_told(time: str) -> None:
    with pytest.raises(UnreadableKey):
        window("20240105", time)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024", ("20240101000000000000", "")),
        ("202401", ("20240101000000000000", "")),
        ("20240105", ("20240105000000000000", "")),
        ("2024010510", ("20240105100000000000", "")),
        ("20240105100000.250000-0500", ("20240105100000250000", "-0500")),
        ("20240105100000.25", ("20240105100000250000", "")),
        ("20240105103", ("20240105100000000000", "")),
        ("20240105101060", ("20240105101059000000", "")),
        (" 20240105120000 ", (NOON, "")),
    ],
)
def test_a_start_of_any_precision_is_read(value: str, expected: tuple[str, str]) -> None:
    assert read_moment(value) == expected


@pytest.mark.parametrize(
    "value", ["", "soon", "20240230", "20241305", "2024-01-05", "20240105T10", "٢٠٢٤"]
)
def test_a_start_that_is_no_date_and_time_is_none(value: str) -> None:
    assert read_moment(value) is None


def test_a_moment_keeps_its_instant_in_another_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    assert moved("20240105233000000000", UTC, timezone(timedelta(hours=1)))[:14] == "20240106003000"
    assert moved("20240705120000000000", UTC, berlin)[:14] == "20240705140000"
    assert moved("20241027023000000000", berlin, UTC)[:14] == "20241027003000"  # the first pass


@pytest.mark.parametrize("moment", ["00010101000000000000", "99991231235959000000"])
def test_the_ends_of_the_calendar_stay_where_they_are(moment: str) -> None:
    assert moved(moment, timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))) in {
        moment,
        "99991230195959000000",
        "00010101000000000000",
    }


@pytest.mark.parametrize("offset", ["", "0100", "+2500", "+01:00", "Z"])
def test_an_offset_that_is_none_names_no_zone(offset: str) -> None:
    assert zone_of(offset) is None
