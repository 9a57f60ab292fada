"""Workitems as real servers write them: read as far as they make sense, counted where not."""

from typing import Any

import pytest
from starlette.responses import Response

from tests.support.ups_items import YAMADA, value, yamada
from tests.support.ups_query import Answered, ask, query, settings
from tests.support.ups_server import UpsServer, answer

SHORT = {
    "Modality": "",
    "ScheduledProcedureStepStartDate": "",
    "ScheduledStationAETitle": "",
    "ScheduledProcedureStepDescription": "",
}
KEYS = {
    "PatientWeight": "",
    "PregnancyStatus": None,
    "MedicalAlerts": "",
    "StudyInstanceUID": "",
    "AccessionNumber": "",
    "RequestedProcedureDescription": "",
}


def answered(*items: Any, **options: Any) -> Answered:
    with UpsServer(script=lambda _request: answer(items)) as server:
        [found] = ask(settings(server.workitems_uri, **options), query(SHORT, **KEYS))
        return found


def test_attributes_without_vr_are_read() -> None:
    item = {tag: {"Value": each.get("Value", [])} for tag, each in YAMADA.items()}

    assert answered(item).names == ["Yamada^Tarou=山田^太郎"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (value("PN", "DOE^JANE"), ["DOE^JANE"]),
        ({"vr": "PN", "Value": "DOE^JANE"}, ["DOE^JANE"]),
        (value("PN", {"Alphabetic": "DOE^JANE", "Ideographic": None}), ["DOE^JANE"]),
        (value("PN", {"Ideographic": "山田^太郎"}), ["=山田^太郎"]),
        (value("PN", {"alphabetic": "DOE"}), []),
        (value("PN", None), []),
        ({"vr": "PN"}, []),
        (None, []),
    ],
)
def test_names_in_any_form(name: Any, expected: list[str]) -> None:
    found = answered(yamada(t00100010=name))

    assert found.status == 0x0000
    assert found.names == expected


def test_what_is_no_workitem_is_passed_over() -> None:
    assert answered(None, {}, YAMADA).ids == ["P1"]


@pytest.mark.parametrize(
    "broken",
    [
        {"00404025": "CT01"},
        {"00404025": {"vr": "SQ", "Value": None}},
        {"00404025": {"vr": "SQ", "Value": [None, "CT01", {}]}},
        {"0040A370": {"vr": "SQ", "Value": [None]}},
        {"0040A370": {"vr": "SQ", "Value": {"00080050": {"vr": "SH", "Value": ["A1"]}}}},
        {"00741204": {"vr": "LO", "BulkDataURI": "https://elsewhere.example/1"}},
        {"00741204": {"vr": "OB", "InlineBinary": "AAAA"}},
        {"00741204": {"vr": 7, "Value": [[["deep"]]]}},
        {"00102000": {"vr": "LO", "Value": ["line\r\nbreak\x00\x1b"]}},
        {"ZZ": 1, "00080201": {"vr": "SH", "Value": ["nowhere"]}},
    ],
)
def test_broken_attributes_do_not_take_the_workitem_away(broken: dict[str, Any]) -> None:
    found = answered({**YAMADA, **broken})

    assert (found.status, found.ids) == (0x0000, ["P1"])


def test_numbers_come_as_numbers_or_as_text() -> None:
    items = [
        yamada(
            t00080018=value("UI", f"1.2.{number}"),
            t00101030=value("DS", weight),
            t001021C0=value("US", pregnancy),
        )
        for number, (weight, pregnancy) in enumerate([(70.5, 4), ("70.5", "4"), (70, "x")])
    ]

    answers = answered(*items).answers

    assert {str(each.PatientWeight) for each in answers} == {"70.5", "70"}
    assert [each.PregnancyStatus for each in answers if each.PregnancyStatus is not None] == [4, 4]


@pytest.mark.parametrize(
    "odd",
    [
        {"001021C0": value("US", 70_000)},
        {"001021C0": value("US", -1)},
        {"001021C0": value("US", *[4] * 40_000)},
        {"00102000": value("LO", *["x" * 60] * 1_200)},
        {"00101030": value("DS", *["70.5"] * 20_000)},
    ],
)
def test_a_value_without_room_in_its_vr_is_left_out_alone(odd: dict[str, Any]) -> None:
    found = answered({**YAMADA, **odd})

    assert (found.status, found.ids) == (0x0000, ["P1"])
    [answer_] = found.answers
    assert not any(answer_[tag].value for tag in odd)


@pytest.mark.parametrize(
    "birth", ["1970010\u00b2", "\u0661\u0669\u0667\u0660\u0660\u0661\u0660\u0661"]
)
def test_a_birth_date_in_other_digits_is_none(birth: str) -> None:
    with UpsServer([yamada(t00100030=value("DA", birth))]) as server:
        asked, matched = ask(
            settings(server.workitems_uri),
            query(PatientBirthDate=""),
            query(PatientBirthDate="19700101-"),
        )

    assert (asked.ids, matched.ids) == (["P1"], [])
    assert asked.answers[0].PatientBirthDate == ""


def test_an_array_may_be_missing_around_a_single_workitem() -> None:
    import json

    body = json.dumps(YAMADA)
    with UpsServer(script=lambda _: Response(body, media_type="application/json")) as server:
        [found] = ask(settings(server.workitems_uri), query())

    assert found.ids == ["P1"]


def test_a_workitem_without_uid_is_answered_if_its_study_is_named() -> None:
    found = answered(yamada(t00080018=None))

    assert [each.StudyInstanceUID for each in found.answers] == ["1.2.826.2.1"]


def test_nothing_is_made_up_for_a_workitem_that_nothing_names() -> None:
    nameless = yamada(t00080018=None, t0040A370=None)

    assert answered(nameless, YAMADA).ids == ["P1"]


def test_a_study_uid_is_derived_from_the_workitem() -> None:
    item = yamada(t0040A370=None)

    first, second = answered(item), answered(item)

    [uid] = {each.answers[0].StudyInstanceUID for each in (first, second)}
    assert uid.startswith("2.25.")
    assert uid.is_valid


def test_workitems_without_a_patient_are_left_out_or_marked() -> None:
    item = yamada(t00100020=None)

    assert answered(item).answers == []
    assert answered(item, placeholder="UNKNOWN").ids == ["UNKNOWN"]


@pytest.mark.parametrize("start", [None, value("DT", "soon"), value("DT", "20240230")])
def test_workitems_without_a_start_are_left_out_or_taken_for_today(start: Any) -> None:
    item = yamada(t00404005=start)

    assert answered(item).answers == []
    [found] = answered(item, unscheduled=True).answers
    assert len(found.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate) == 8


def test_other_states_than_those_asked_for_are_left_out() -> None:
    done = yamada(t00741000=value("CS", "COMPLETED"))

    assert answered(done, YAMADA).ids == ["P1"]
    assert answered(done).answers == []


def test_a_site_filter_holds_even_if_the_server_ignores_it() -> None:
    items = [
        yamada(t00080018=value("UI", "1.1"), t00741202=value("LO", "READING")),
        yamada(t00080018=value("UI", "1.2"), t00741202=value("LO", "SCAN")),
        yamada(t00080018=value("UI", "1.3")),
    ]

    found = answered(*items, filter={"WorklistLabel": "SCAN"})

    assert len(found.answers) == 1


def test_the_same_workitem_is_answered_once() -> None:
    assert len(answered(YAMADA, YAMADA).answers) == 1


def test_answers_are_in_the_order_of_their_start() -> None:
    items = [
        yamada(
            t00080018=value("UI", f"1.{number}"),
            t00100020=value("LO", f"P{number}"),
            t00404005=value("DT", f"2024010{number}"),
        )
        for number in (3, 1, 2)
    ]

    assert answered(*items).ids == ["P1", "P2", "P3"]


def test_values_are_cut_to_what_their_vr_allows() -> None:
    found = answered(
        yamada(
            t00102000=value("LO", "x" * 100),
            t00100020=value("LO", "P1"),
            t00404025=value("SQ", {"00080100": value("SH", "A STATION WITH A LONG NAME")}),
        )
    )

    [answer_] = found.answers
    assert len(answer_.MedicalAlerts) == 64
    step = answer_.ScheduledProcedureStepSequence[0]
    assert step.ScheduledStationAETitle == "A STATION WITH A"


def test_several_requests_are_answered_by_the_first_or_each() -> None:
    requests = [
        {"00080050": value("SH", each), "0020000D": value("UI", f"1.2.{number}")}
        for number, each in enumerate(("A1", "A2"), 1)
    ]
    item = yamada(t0040A370=value("SQ", *requests))
    step = {"ScheduledProcedureStepID": "", "Modality": ""}

    with UpsServer([item]) as server:
        [first] = ask(settings(server.workitems_uri), query(step, AccessionNumber=""))
        [each] = ask(
            settings(server.workitems_uri, requests="expand"), query(step, AccessionNumber="")
        )
        [second] = ask(
            settings(server.workitems_uri, requests="expand"), query(step, AccessionNumber="A2")
        )

    assert [found.AccessionNumber for found in first.answers] == ["A1"]
    assert [found.AccessionNumber for found in each.answers] == ["A1", "A2"]
    assert [found.AccessionNumber for found in second.answers] == ["A2"]
    ids = {
        found.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for found in each.answers
    }
    assert len(ids) == 1
