"""Faults that repeat are shown once, and counted."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from shared import logs
from shared.repeats import INTERVAL, Repeats
from shared.sections import LogSettings


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def logging_to(stream: io.StringIO) -> Iterator[None]:
    """The pipe of a service; what it changes is put back."""
    root, shown = logging.getLogger(), warnings.showwarning
    kept, level = root.handlers[:], root.level
    logs.configure(LogSettings(level="info"), "test", stream)
    try:
        yield
    finally:
        root.handlers[:], warnings.showwarning = kept, shown
        root.setLevel(level)
        structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(each) for each in stream.getvalue().splitlines()]


def told(repeats: Repeats, method: str = "warning", **event: object) -> bool:
    try:
        repeats(None, method, event)
    except structlog.DropEvent:
        return False
    return True


def test_the_first_is_shown_and_those_alike_are_not() -> None:
    repeats = Repeats(Clock())
    refused = {"event": "association.refused", "reason": "1.1.7"}

    assert told(repeats, **refused, address="10.0.0.1")
    assert not told(repeats, **refused, address="10.0.0.1")
    assert told(repeats, **refused, address="10.0.0.2")
    assert told(repeats, "info", event="batch.stored")
    assert told(repeats, "info", event="batch.stored")


def test_after_an_interval_the_number_of_the_others_is_told() -> None:
    stream, clock = io.StringIO(), Clock()
    with logging_to(stream):
        repeats = Repeats(clock)
        for _ in range(8):
            told(repeats, event="worklist.unanswered", destination="cloud", reason="is busy (503)")
        clock.now = INTERVAL + 1
        told(repeats, "info", event="batch.stored")

    [found] = lines(stream)
    assert (found["event"], found["of"], found["times"]) == (
        "fault.repeated",
        "worklist.unanswered",
        7,
    )
    assert (found["level"], found["destination"]) == ("warning", "cloud")


def test_a_fault_that_ended_is_shown_when_it_comes_again() -> None:
    clock = Clock()
    repeats = Repeats(clock)
    assert told(repeats, event="redis.lost")
    assert told(repeats, event="tick.failed", destination="cloud")
    clock.now = INTERVAL + 1

    assert told(repeats, event="tick.failed", destination="cloud")


def test_what_each_needs_a_decision_is_never_left_out() -> None:
    repeats = Repeats(Clock())

    assert all(told(repeats, "error", event="instance.quarantined") for _ in range(5))


def test_memory_is_bounded_by_the_oldest_being_forgotten() -> None:
    repeats = Repeats(Clock())
    for number in range(1000):
        told(repeats, event="association.refused", address=f"10.0.{number // 250}.{number % 250}")

    assert len(repeats._seen) <= 256
    assert told(repeats, event="association.refused", address="10.0.0.0")


@pytest.mark.parametrize("library", ["pynetdicom.acse", "rq.queue", "httpx", "redis.retry"])
def test_libraries_speak_through_the_same_pipe_and_only_to_complain(library: str) -> None:
    stream = io.StringIO()
    logging.getLogger("rq.worker").setLevel(logging.INFO)  # as importing rq does
    with logging_to(stream):
        logging.getLogger(library).info("connecting to https://archive.example/?PatientID=1")
        for _ in range(3):
            logging.getLogger(library).warning("it is broken")

    [found] = lines(stream)
    assert (found["event"], found["library"]) == ("library.complained", library)
    assert found["service"] == "test"
    assert found.get("text", "") == ("" if library.startswith("pynetdicom") else "it is broken")
