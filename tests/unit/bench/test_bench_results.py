"""How runs become medians, ratios and verdicts."""

import json
from pathlib import Path

import pytest

from bench import receive, report
from bench.plan import Plan, record, rotated
from bench.results import Record, Results
from bench.scale import steady_rate
from bench.site import Missing
from bench.targets import Target, verdicts

CELL = "CT, 4 associations"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path)


def rates(
    results: Results, peer: str, values: list[float], figure: str = "instances_per_s"
) -> None:
    for run, value in enumerate(values):
        results.add(Record(receive.SUITE, CELL, peer, run, {figure: value}))


def test_a_ratio_compares_runs_of_the_same_round(results: Results) -> None:
    rates(results, "ours", [100, 10, 100])
    rates(results, "theirs", [50, 5, 25])

    assert results.ratio(receive.SUITE, CELL, "ours", "theirs", "instances_per_s") == 2
    assert results.median(receive.SUITE, CELL, "ours", "instances_per_s") == 100


def test_a_peer_that_is_missing_is_a_row_of_the_table(results: Results) -> None:
    def missing() -> dict[str, float]:
        raise Missing("storescp is not installed")

    record(results, receive.SUITE, CELL, "storescp", 0, missing)
    rates(results, "proxy", [100])

    table = report.suite(results, receive.SUITE)
    assert "0; storescp is not installed" in table
    assert "100" in table


def test_every_record_is_a_line_of_the_file(results: Results) -> None:
    rates(results, "proxy", [1, 2])

    lines = [json.loads(line) for line in results.file.read_text().splitlines()]
    assert [line["figures"]["instances_per_s"] for line in lines] == [1, 2]


def test_a_target_is_judged_in_the_cells_that_were_tried(results: Results) -> None:
    target = Target(
        "text",
        receive.SUITE,
        [CELL, "another"],
        lambda each, cell: each.median(receive.SUITE, cell, "proxy", "instances_per_s"),
        at_least=4,
    )
    rates(results, "proxy", [3, 5])

    [verdict] = verdicts(results, [target])

    assert (verdict.cell, verdict.value, verdict.met) == (CELL, 4, True)


def test_what_failed_is_not_met(results: Results) -> None:
    results.add(Record(receive.SUITE, CELL, receive.OURS, 0, fault="it ended"))

    assert {verdict.met for verdict in verdicts(results)} == {False}
    assert "not measured" in report.targets(results)


def test_the_share_of_what_is_possible_takes_the_lesser_bound(results: Results) -> None:
    rates(results, receive.OURS, [60])
    rates(results, receive.SYNCED_LOOP, [200])
    rates(results, receive.OURS_UNSYNCED, [100])

    shares = [each.value for each in verdicts(results) if "share" in each.target.text]
    assert shares == [0.6]


def test_each_round_begins_with_another_peer() -> None:
    assert list(rotated("abc", 0)) == ["a", "b", "c"]
    assert list(rotated("abc", 1)) == ["b", "c", "a"]
    assert list(rotated("abc", 3)) == ["a", "b", "c"]


def test_a_quick_plan_measures_less() -> None:
    assert Plan(quick=True).scaled(10, 1) == 1
    assert Plan().scaled(10, 1) == 10


def test_the_rate_of_a_drain_leaves_out_its_beginning_and_its_end() -> None:
    slow_start = [each * 1.0 for each in range(30)]
    steady = [30 + each / 10 for each in range(70)]

    assert steady_rate(slow_start + steady) == pytest.approx(10)
