"""Counters in memory."""

from shared import metrics
from shared.metrics import Sample
from shared.tallies import Tallies, by_status


def test_each_series_is_told_from_the_start_and_counts_by_itself() -> None:
    tallies = Tallies((metrics.RECEIVED, ""), *by_status(metrics.REFUSED, [0xA700, 0xC000]))
    tallies.add(metrics.RECEIVED)
    tallies.add(metrics.RECEIVED, amount=2.5)
    tallies.add(metrics.REFUSED, "C000")

    assert list(tallies()) == [
        Sample(metrics.RECEIVED, 3.5),
        Sample(metrics.REFUSED, 0, ("A700",)),
        Sample(metrics.REFUSED, 1, ("C000",)),
        Sample(metrics.REFUSED, 0, ("other",)),
    ]


def test_a_label_that_is_not_foreseen_makes_no_new_series() -> None:
    tallies = Tallies(*by_status(metrics.REFUSED, [0xA700]))
    for each in ("0124", "ZZ^TOP"):
        tallies.add(metrics.REFUSED, each)

    assert [each.value for each in tallies()] == [0, 2]
    assert {each.labels for each in tallies()} == {("A700",), ("other",)}
