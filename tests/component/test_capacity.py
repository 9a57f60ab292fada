"""What docs/capacity.md plans with holds, and its plots are those of the model."""

import time
from pathlib import Path

import pytest

from bench import capacity
from shared.entry import Entry, name_of
from shared.index import Index
from tests.support.redis_server import RedisServer
from tests.support.settings_reference import ROOT

PAGE = ROOT / "docs" / "capacity.md"
MANY = 10_000


def entry(number: int) -> Entry:
    name = name_of(time.time_ns() + number, 1, 525_000)
    return Entry.at(f"archive/routine/20261125070000/{name}.dcm")


def test_an_instance_that_waits_takes_no_more_of_redis_than_planned(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        index = Index(server.client)
        index.add([entry(0)])  # scripts and keys, once
        before = server.client.info("memory")["used_memory"]

        index.add(entry(number) for number in range(1, MANY + 1))

        used = server.client.info("memory")["used_memory"] - before
    assert used / MANY <= capacity.REMEMBERED


@pytest.mark.parametrize("name", capacity.plots())
def test_the_plots_are_made_from_the_model(name: str) -> None:
    made = capacity.PAGES.joinpath(name).read_text("utf-8")

    assert made == capacity.plots()[name], "run: make docs"


def test_the_table_is_made_from_the_model() -> None:
    told = PAGE.read_text("utf-8")

    assert [row for row in capacity.rows() if row not in told] == [], "python -m bench.capacity"


def test_a_backlog_is_what_arrived_in_the_outage_and_ends_at_what_is_left_of_the_line() -> None:
    load = capacity.Load(rate=20, size=0.5e6, line=20e6, outage=3600)  # the line carries 40

    course = dict(capacity.backlog(load, workers=10, hours=4))

    assert course[2.0] == pytest.approx(20 * 3600)
    assert course[2.5] == pytest.approx(20 * 1800)
    assert course[3.0] == 0
