"""The mapping vectors, in each dialect that a server may speak."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.support.ups_items import YAMADA, value, yamada
from tests.support.ups_query import Answered, ask, query, settings, tags
from tests.support.ups_server import UpsServer

# The paths and profiles by which the same workitem may be had.
SERVERS = [
    ("ups-standard", "by-the-book", "/workitems", "generic"),
    ("ups-standard", "ignoring", "/workitems", "generic"),
    ("ups-standard", "dcm4chee", "/workitems", "dcm4chee"),
    ("ups-standard", "azure", "/workitems", "azure"),
    ("ups-standard", "pyupsrs", "/workitems", "pyupsrs"),
    ("ups-standard", "emulator", "/workitems", "emulator"),
    ("ups-legacy-google", "google", "/workitems", "generic"),
    ("mwl-rs", "mwl-rs", "/modality-scheduled-procedure-steps", "generic"),
    ("mwl-rs", "mwl-rs", "/mwlitems", "generic"),
]
STEP = {
    "ScheduledStationAETitle": "CT01",
    "ScheduledProcedureStepStartDate": "20240105",
    "ScheduledProcedureStepStartTime": "",
    "Modality": "CT",
    "ScheduledProcedureStepID": "",
    "ScheduledProcedureStepDescription": "",
    "ScheduledPerformingPhysicianName": "",
}
ROOT = {
    "PatientBirthDate": "",
    "AccessionNumber": "",
    "StudyInstanceUID": "",
    "RequestedProcedureID": "",
    "RequestedProcedureDescription": "",
}


def vector(step: dict[str, Any] | None = None, **root: Any) -> Dataset:
    return query({**STEP, **(step or {})}, **{**ROOT, **root})


@pytest.fixture(params=SERVERS, ids=lambda each: f"{each[0]}-{each[1]}{each[2]}")
def place(request: pytest.FixtureRequest) -> tuple[str, str, str, str]:
    found: tuple[str, str, str, str] = request.param
    return found


def asked(place: tuple[str, str, str, str], *identifiers: Dataset) -> list[Answered]:
    profile, played, path, preset = place
    with UpsServer([YAMADA], played) as server:
        configured = settings(server.base + path, profile=profile, preset=preset)
        return ask(configured, *identifiers)


def test_the_vector_is_answered_exactly(place: tuple[str, str, str, str]) -> None:
    [found] = asked(place, vector())

    assert found.status == 0x0000
    [answer] = found.answers
    assert str(answer.PatientName) == "Yamada^Tarou=山田^太郎"
    assert answer.PatientBirthDate == ""
    assert answer.AccessionNumber == "A77"
    assert answer.StudyInstanceUID == "1.2.826.2.1"
    assert answer.RequestedProcedureID == "RP77"
    if place[0] == "ups-standard":  # others take what the server calls it
        assert answer.RequestedProcedureDescription == "CT head plain"
    [step] = answer.ScheduledProcedureStepSequence
    assert step.ScheduledStationAETitle == "CT01"
    assert step.ScheduledProcedureStepStartDate == "20240105"
    assert step.ScheduledProcedureStepStartTime == "103000"
    assert step.Modality == "CT"
    assert step.ScheduledProcedureStepDescription == "CT head plain"
    assert step.ScheduledProcedureStepID
    assert str(step.ScheduledPerformingPhysicianName) == ""


def test_nothing_else_is_answered(place: tuple[str, str, str, str]) -> None:
    [found] = asked(place, vector())

    [answer] = found.answers
    asked_for = vector()
    assert set(tags(answer)) - {0x00080005} == set(tags(asked_for))
    [step], [asked_step] = (each.ScheduledProcedureStepSequence for each in (answer, asked_for))
    assert list(tags(step)) == list(tags(asked_step))


def test_a_derived_step_id_is_the_same_each_time() -> None:
    first, second = asked(SERVERS[0], vector(), vector(PatientName="YAMADA"))

    ids = {
        each.answers[0].ScheduledProcedureStepSequence[0].ScheduledProcedureStepID
        for each in (first, second)
    }
    assert len(ids) == 1
    assert len(ids.pop()) == 16


@pytest.mark.parametrize(
    "step",
    [
        {"Modality": "MR"},
        {"ScheduledStationAETitle": "CT02"},
        {"ScheduledProcedureStepStartDate": "20240106"},
        {"ScheduledProcedureStepStartTime": "1100-"},
        {"ScheduledProcedureStepStartTime": "1031"},
    ],
)
def test_a_step_key_that_does_not_fit_leaves_nothing(
    place: tuple[str, str, str, str], step: dict[str, str]
) -> None:
    [found] = asked(place, vector(step))

    assert (found.status, found.answers) == (0x0000, [])


def test_only_names_that_fit_are_answered(place: tuple[str, str, str, str]) -> None:
    fitting = [
        "", "*", "yamada*", "YAMADA", "Y?mada^T*", "=山田*", "Yamada^Tarou=山田^太郎",
    ]  # fmt: skip
    others = ["SUZUKI*", "Tarou*", "YAM"]
    keys = [
        vector(PatientName=each, SpecificCharacterSet="ISO_IR 192") for each in fitting + others
    ]

    found = asked(place, *keys)

    assert [len(each.answers) for each in found] == [1] * len(fitting) + [0] * len(others)
    assert {each.status for each in found} == {0x0000}


@pytest.mark.parametrize(
    "transfer_syntax",
    [ImplicitVRLittleEndian, ExplicitVRLittleEndian],
)
def test_answers_are_in_the_transfer_syntax_of_the_question(transfer_syntax: str) -> None:
    with UpsServer([YAMADA]) as server:
        [found] = ask(settings(server.workitems_uri), vector(), transfer_syntax=transfer_syntax)

    assert found.answers[0].ScheduledProcedureStepSequence[0].Modality == "CT"


def test_start_times_are_in_the_zone_of_the_question() -> None:
    item = yamada(t00404005=value("DT", "20240105233000+0000"))
    step = {"ScheduledProcedureStepStartDate": "20240106", "ScheduledProcedureStepStartTime": ""}

    with UpsServer([item]) as server:
        [found] = ask(settings(server.workitems_uri), query(step, TimezoneOffsetFromUTC="+0100"))

    [answer] = found.answers
    assert answer.TimezoneOffsetFromUTC == "+0100"
    [answered] = answer.ScheduledProcedureStepSequence
    assert answered.ScheduledProcedureStepStartDate == "20240106"
    assert answered.ScheduledProcedureStepStartTime == "003000"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("202401", ("20240101", "000000")),
        ("20240105", ("20240105", "000000")),
        ("20240105100000.250000-0500", ("20240105", "160000.25")),
        ("20240105103", ("20240105", "100000")),
    ],
)
def test_starts_of_odd_precision_are_answered(start: str, expected: tuple[str, str]) -> None:
    with UpsServer([yamada(t00404005=value("DT", start))]) as server:
        configured = settings(server.workitems_uri, site_timezone="Europe/Berlin")
        [found] = ask(
            configured,
            query({"ScheduledProcedureStepStartDate": "", "ScheduledProcedureStepStartTime": ""}),
        )

    [step] = found.answers[0].ScheduledProcedureStepSequence
    times = step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime
    assert times == expected


@pytest.mark.parametrize("start", ["20240105", "20240105000000"])
def test_the_prototype_gave_no_time_where_the_server_gave_none(start: str) -> None:
    with UpsServer([yamada(t00404005=value("DT", start))], "google") as server:
        configured = settings(server.workitems_uri, profile="ups-legacy-google")
        [found] = ask(configured, vector())

    [step] = found.answers[0].ScheduledProcedureStepSequence
    assert step.ScheduledProcedureStepStartDate == "20240105"
    assert step.ScheduledProcedureStepStartTime == ""


def test_deflated_questions_are_read() -> None:
    from tests.support.ups_query import encoded
    from worklist.elements import SYNTAXES, Writer

    deflated = Writer(SYNTAXES[DeflatedExplicitVRLittleEndian]).finish(
        [encoded(vector(), ExplicitVRLittleEndian)]
    )

    with UpsServer([YAMADA]) as server:
        [found] = ask(
            settings(server.workitems_uri),
            deflated,
            transfer_syntax=DeflatedExplicitVRLittleEndian,
        )

    assert found.ids == ["P1"]
