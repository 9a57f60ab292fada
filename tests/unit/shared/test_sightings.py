"""How long something was seen, whatever clocks and processes do."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.errors import SpoolError
from shared.sightings import Sightings

PAUSE = 0.2  # seconds
SOON = PAUSE * 0.9  # seconds that were seen for certain


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".seen"


def test_what_is_seen_first_has_not_been_seen_for_any_time(file: Path) -> None:
    sightings = Sightings(file)
    sightings.look(["a"])
    time.sleep(PAUSE)

    seen = sightings.look(["a", "b"])

    assert seen["b"] == 0
    assert seen["a"] > SOON


def test_a_restart_forgets_nothing_and_what_passed_meanwhile_is_not_counted(file: Path) -> None:
    before = Sightings(file)
    before.look(["a"])
    time.sleep(PAUSE)
    counted = before.look(["a"])["a"]
    time.sleep(PAUSE)

    after = Sightings(file)

    assert after.look(["a"])["a"] == counted
    time.sleep(PAUSE)
    assert counted + SOON < after.look(["a"])["a"] < counted + 2 * PAUSE


def test_two_who_look_count_no_time_twice(file: Path) -> None:
    began = time.monotonic()
    both = Sightings(file), Sightings(file)
    seen: Mapping[str, float] = {}
    for _ in range(10):
        for each in both:
            seen = each.look(["a"])
            time.sleep(0.02)

    assert 0.2 < seen["a"] <= time.monotonic() - began


def test_what_went_meanwhile_begins_anew(file: Path) -> None:
    sightings = Sightings(file)
    sightings.look(["a"])
    time.sleep(PAUSE)
    sightings.look([])

    assert sightings.look(["a"]) == {"a": 0}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "no JSON",
        '{"seconds": 1e6}',
        '{"seconds": 1e6, "seen": []}',
        '{"seconds": Infinity, "seen": {"a": 0.0}}',
        '{"seconds": 1e6, "seen": {"a": -Infinity}}',
        '{"seconds": 1e6, "seen": {"a": "0"}}',
    ],
)
def test_a_file_that_is_none_of_ours_makes_nothing_older(file: Path, content: str) -> None:
    file.write_text(content)

    assert Sightings(file).look(["a"]) == {"a": 0}


def test_what_cannot_be_remembered_is_said(file: Path) -> None:
    file.mkdir()

    with pytest.raises(SpoolError, match="cannot remember"):
        Sightings(file).look(["a"])
