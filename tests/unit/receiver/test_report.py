"""The log tells aloud of an association's first, and never what may name a patient."""

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from receiver.report import REMEMBERED, Report
from receiver.validation import RULES
from shared import logs
from shared.dimse.service import Peer, Request
from shared.head import Head
from shared.routing import Decision
from shared.sections import LogSettings


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    logs.configure(LogSettings(level="info"), "test", stream)
    # Of its own: one that was used before holds what it was configured with, and what that counted.
    monkeypatch.setattr("receiver.report.log", logs.get("receiver.report"))
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def request(association: str = "a1", instance: str = "1.2.3") -> Request:
    peer = Peer(association, "CT", "PROXY", "127.0.0.1", 104)
    return Request(peer, "1.2", "1.2.840.10008.1.2.1", 1, 1, "1.2", instance, 0)


def events(output: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_an_association_is_told_of_once_for_each_kind(output: StringIO) -> None:
    report, head = Report(), Head("1.2.840.10008.1.2.1")

    for association in ("a1", "a1", "a2"):
        report.refused(request(association), head, 0xA700, "full")
        report.refused(request(association), head, 0xC000, "unreadable")
        report.irregular(request(association), head, RULES[:2])
        report.irregular(request(association), head, RULES[:1])

    told = [(each["association"], each["event"]) for each in events(output)]
    assert len(told) == 8
    assert events(output)[0]["status"] == "0xA700"


def test_what_is_discarded_is_counted_and_told_at_the_end(output: StringIO) -> None:
    report, head = Report(), Head("1.2.840.10008.1.2.1")
    decision = Decision("discard", routes=(2,), reason="no reports")

    for association in ("a1", "a1", "a2"):
        report.discarded(request(association), head, decision)
    report.close()

    told = [(each["event"], each.get("so_far"), each.get("instances")) for each in events(output)]
    assert told == [
        ("instance.discarded", 1, None),
        ("instance.discarded", 3, None),
        ("instances.discarded", None, 3),
    ]


def test_what_is_no_uid_is_not_repeated(output: StringIO) -> None:
    Report().refused(request(instance="ROE^RICHARD"), Head("1.2.840.10008.1.2.1"), 0x0117, "no UID")

    [event] = events(output)
    assert event["sop_instance_uid"] == "[no UID]"
    assert "ROE" not in output.getvalue()


def test_few_things_are_remembered(output: StringIO) -> None:
    report, head = Report(), Head("1.2.840.10008.1.2.1")
    for number in range(REMEMBERED + 10):
        report.refused(request(str(number)), head, 0xA700, "full")

    assert len(report._told) == REMEMBERED
    assert len(events(output)) == REMEMBERED + 10
