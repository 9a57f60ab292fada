"""The declarations of metrics, and what is made of them."""

import re

from prometheus_client.parser import text_string_to_metric_families

from shared import metrics
from shared.metrics import METRICS, PREFIX, Sample
from tests.support.metrics_reference import PAGE, page

NAME = re.compile(r"[a-z]+(_[a-z]+)*")
FROM_THE_WIRE = {"uid", "ae", "ae_title", "calling_ae", "called_ae", "address", "patient"}


def said(*samples: Sample) -> dict[tuple[str, ...], float]:
    """Values by name and labels."""
    text = metrics.exposition(lambda: samples).decode()
    return {
        (each.name.removeprefix(PREFIX), *each.labels.values()): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def test_names_are_of_one_kind_and_occur_once() -> None:
    names = [each.name for each in METRICS]

    assert len(set(names)) == len(names)
    assert all(NAME.fullmatch(each) for each in names)
    assert all((each.kind == "counter") == each.name.endswith("_total") for each in METRICS)
    declared = [each for each in vars(metrics).values() if isinstance(each, metrics.Declared)]
    assert sorted(names) == sorted(each.name for each in declared)


def test_no_label_holds_what_comes_from_the_wire() -> None:
    assert not {label for each in METRICS for label in each.labels} & FROM_THE_WIRE


def test_the_page_says_what_the_program_does() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"


def test_samples_are_told_with_their_labels() -> None:
    found = said(
        Sample(metrics.STORED, 7, ("cloud",)),
        Sample(metrics.READY, 2, ('a"b\n', "urgent")),
        Sample(metrics.LEADS, True),
    )

    assert found["stored_total", "cloud"] == 7
    assert found["ready_instances", 'a"b\n', "urgent"] == 2
    assert found["leader",] == 1
    assert ("spool_free_bytes",) not in found


def test_a_source_is_asked_at_each_scrape_until_it_is_withdrawn() -> None:
    numbers = iter(range(1, 10))

    def source() -> list[Sample]:
        return [Sample(metrics.FREE, next(numbers))]

    metrics.expose(source)
    seen = [said()["spool_free_bytes",] for _ in range(2)]
    metrics.withdraw(source)

    assert seen == [1, 2]
    assert ("spool_free_bytes",) not in said()
