"""How fast may be sent at which hour."""

from datetime import datetime

import pytest
from pydantic import ValidationError

from shared.bandwidth import Hours, allowed
from shared.destination import Destination

OFFICE = {"bandwidth": 250_000, "days": ["mon", "tue", "wed", "thu", "fri"]}
DAY = Hours.model_validate({**OFFICE, "begin": "07:00", "end": "19:00"})
NIGHT = Hours.model_validate(
    {"bandwidth": 9_000_000, "days": ["fri"], "begin": "22:00", "end": "06:00"}
)


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007  local time


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("25 06:59", 0),  # a Wednesday
        ("25 07:00", 250_000),
        ("25 18:59", 250_000),
        ("25 19:00", 0),
        ("28 12:00", 0),  # a Saturday
        ("27 21:59", 0),  # a Friday
        ("27 22:00", 9_000_000),
        ("28 05:59", 9_000_000),  # the same night
        ("28 06:00", 0),
        ("28 22:30", 0),
        ("27 05:00", 0),  # the night before it
    ],
)
def test_hours_hold_on_their_days_and_over_midnight(now: str, expected: int) -> None:
    assert allowed(0, (DAY, NIGHT), at(now)) == expected


def test_the_first_hours_that_hold_count_and_else_the_limit_of_all_hours() -> None:
    free = Hours.model_validate({"bandwidth": 0, "begin": "12:00", "end": "13:00"})

    assert allowed(5_000, (free, DAY), at("25 12:30")) == 0
    assert allowed(5_000, (free, DAY), at("25 13:30")) == 250_000
    assert allowed(5_000, (free, DAY), at("25 20:00")) == 5_000


def test_a_day_may_end_at_24() -> None:
    late = Hours.model_validate({"bandwidth": 1_000, "begin": "20:00", "end": "24:00"})

    assert (late.holds(at("25 23:59")), late.holds(at("26 00:00"))) == (True, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bandwidth": -1},
        {"bandwidth": 10},
        {"bandwidth_hours": [{"bandwidth": 10}]},
        {"bandwidth_hours": [{"bandwidth": 5000, "days": ["someday"]}]},
        {"bandwidth_hours": [{"bandwidth": 5000, "days": []}]},
        {"bandwidth_hours": [{"bandwidth": 5000, "begin": "7"}]},
        {"bandwidth_hours": [{"bandwidth": 5000, "begin": "25:00"}]},
        {"bandwidth_hours": [{"bandwidth": 5000, "till": "19:00"}]},
    ],
)
def test_what_is_no_limit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Destination.model_validate({"upload_uri": "https://archive.example/studies", **wrong})
