"""Counters in memory."""

import os

from shared import metrics
from shared.metric import Spread
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


def test_a_histogram_has_each_observation_in_the_first_bucket_that_holds_it() -> None:
    tallies = Tallies((metrics.SYNC_SECONDS, ""), (metrics.RECEIVED, ""))
    for each in (0.0005, 0.001, 0.0011, 99.0):
        tallies.observe(metrics.SYNC_SECONDS, each)

    [found, _] = tallies()
    assert isinstance(found.value, Spread)
    assert found.value.counts == (2, 1, *[0] * 10, 1)
    assert found.value.total == sum((0.0005, 0.001, 0.0011, 99.0))
    assert found.value.cumulated(metrics.SYNC_SECONDS.bounds)[-1] == ("+Inf", 4)


def test_what_a_process_that_ended_had_open_counts_no_more_and_what_it_counted_does() -> None:
    tallies = Tallies((metrics.ASSOCIATIONS, ""), (metrics.RECEIVED, ""))
    tallies.add(metrics.ASSOCIATIONS)
    process = os.fork()
    if not process:
        tallies.add(metrics.ASSOCIATIONS, amount=5)
        tallies.add(metrics.RECEIVED, amount=5)
        os._exit(0)
    os.waitpid(process, 0)

    assert [each.value for each in tallies()] == [1, 5]
