"""Questions as modalities put them, right and wrong."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from tests.support.ups_items import YAMADA, many, value, yamada
from tests.support.ups_query import ask, query, settings
from tests.support.ups_server import UpsServer
from worklist.elements import SYNTAXES, Writer


def ask_yamada(*identifiers: Dataset | bytes, **options: Any) -> Any:
    with UpsServer([YAMADA]) as server:
        return ask(settings(server.workitems_uri, **options), *identifiers)


@pytest.mark.parametrize(
    "data",
    [
        b"\x10\0\x10\0PN\xff\xff",
        b"garbage",
        b"\x40\0\0\x01LO\x02\0CT",
        b"\x10\0\x10\0\0\0\0\0",
        b"x" * (2 << 20),
    ],
)
def test_an_identifier_that_cannot_be_read_is_refused(data: bytes) -> None:
    found, following = ask_yamada(data, query())

    assert found.status == 0xA900
    assert found.comment
    assert following.ids == ["P1"]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize(("length", "status"), [(1_000, 0x0000), (40_000, 0xA900)])
def test_a_long_identifier_is_refused_however_it_is_packed(
    syntax: str, length: int, status: int
) -> None:
    key = b"*a" * (length // 2)
    data = b"\x10\0\x20\0LO" + length.to_bytes(2, "little") + key

    packed = Writer(SYNTAXES[syntax]).finish([data])
    with UpsServer([YAMADA]) as server:
        [found] = ask(settings(server.workitems_uri), packed, transfer_syntax=syntax)

    assert (found.status, found.answers) == (status, [])


@pytest.mark.parametrize(
    "step",
    [
        {"ScheduledProcedureStepStartDate": "TODAY"},
        {"ScheduledProcedureStepStartTime": "noon"},
    ],
)
def test_a_date_that_is_none_is_refused_and_not_taken_for_any(step: dict[str, str]) -> None:
    item = b"".join(
        (0x0040).to_bytes(2, "little")
        + (2 if "Date" in keyword else 3).to_bytes(2, "little")
        + (b"DA" if "Date" in keyword else b"TM")
        + len(text.ljust(6)).to_bytes(2, "little")
        + text.ljust(6).encode()
        for keyword, text in step.items()
    )
    steps = b"\x40\0\0\x01SQ\0\0" + (len(item) + 8).to_bytes(4, "little")
    [found] = ask_yamada(steps + b"\xfe\xff\0\xe0" + len(item).to_bytes(4, "little") + item)

    assert found.status == 0xA900
    assert "date or time" in found.comment


def test_a_range_that_ends_before_it_begins_asks_nobody() -> None:
    with UpsServer([YAMADA]) as server:
        [found] = ask(
            settings(server.workitems_uri),
            query({"ScheduledProcedureStepStartDate": "20240107-20240105"}),
        )

    assert (found.status, found.answers, server.queries) == (0x0000, [], [])


def test_a_question_without_keys_gets_all_that_a_worklist_entry_has() -> None:
    [found] = ask_yamada(b"")

    [answer_] = found.answers
    assert answer_.PatientID == "P1"
    assert answer_.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT01"


def test_an_empty_step_sequence_gets_the_whole_step() -> None:
    identifier = query()
    identifier.ScheduledProcedureStepSequence = []

    [found] = ask_yamada(identifier)

    [step] = found.answers[0].ScheduledProcedureStepSequence
    assert step.Modality == "CT"
    assert step.ScheduledProcedureStepDescription == "CT head plain"
    assert step.ScheduledStationName == "CT scanner 1"


def test_keys_in_the_wrong_place_are_matched_and_answered_where_they_are() -> None:
    right = query({"PatientSex": "", "StudyInstanceUID": "1.2.826.2.1"}, Modality="CT")
    wrong = query({}, Modality="MR")

    [found, none] = ask_yamada(right, wrong)

    [answer_] = found.answers
    assert answer_.Modality == "CT"
    assert answer_.ScheduledProcedureStepSequence[0].StudyInstanceUID == "1.2.826.2.1"
    assert none.answers == []


@pytest.mark.parametrize(("modality", "count"), [("ct", 1), ("CT\\MR", 1), ("MR\\US", 0)])
def test_modalities_in_small_letters_and_in_lists(modality: str, count: int) -> None:
    item = b"\x08\0\x60\0CS" + len(modality.ljust(6)).to_bytes(2, "little")
    item += modality.ljust(6).encode()
    steps = b"\x40\0\0\x01SQ\0\0" + (len(item) + 8).to_bytes(4, "little")
    data = steps + b"\xfe\xff\0\xe0" + len(item).to_bytes(4, "little") + item

    [found] = ask_yamada(data)

    assert len(found.answers) == count


def test_code_sequences_are_matched_by_value_and_scheme() -> None:
    code = {
        "00080100": value("SH", "CTHP"),
        "00080102": value("SH", "99X"),
        "00080104": value("LO", "Head"),
    }
    item = yamada(t00404018=value("SQ", code))

    def protocol(**keys: str) -> Dataset:
        nested = Dataset()
        for keyword, text in keys.items():
            setattr(nested, keyword, text)
        return query({"ScheduledProtocolCodeSequence": [nested]})

    with UpsServer([item]) as server:
        found = ask(
            settings(server.workitems_uri),
            protocol(CodeValue="CTHP", CodeMeaning="Something else"),
            protocol(CodeValue="CTHP", CodingSchemeDesignator="DCM"),
            protocol(CodeValue="", CodeMeaning=""),
            query({"ScheduledProtocolCodeSequence": []}),
        )

    assert [len(each.answers) for each in found] == [1, 0, 1, 1]
    [nested] = found[2].answers[0].ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence
    assert {each.keyword for each in nested} == {"CodeValue", "CodeMeaning"}
    [whole] = found[3].answers[0].ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence
    assert whole.CodeMeaning == "Head"


def test_what_a_workitem_has_no_attribute_for_is_empty_and_matches_nothing() -> None:
    asked, matched = ask_yamada(
        query({"PreMedication": ""}, StudyDate="", ReferencedStudySequence=[]),
        query({"PreMedication": "VALIUM"}),
    )

    [answer_] = asked.answers
    assert answer_.StudyDate == ""
    assert answer_.ScheduledProcedureStepSequence[0].PreMedication == ""
    assert len(answer_.ReferencedStudySequence) == 0
    assert matched.answers == []


def test_other_ids_of_a_patient_are_matched_as_well() -> None:
    other = {"00100020": value("LO", "OLD7")}
    with UpsServer([yamada(t00101002=value("SQ", other))], "ignoring") as server:
        found = ask(settings(server.workitems_uri), query(PatientID="OLD7"), query(PatientID="X"))

    assert [each.ids for each in found] == [["P1"], []]


def test_priorities_are_understood_by_both_names() -> None:
    with UpsServer([yamada(t00741200=value("CS", "HIGH"))]) as server:
        found = ask(
            settings(server.workitems_uri),
            query(RequestedProcedurePriority="STAT"),
            query(RequestedProcedurePriority="ROUTINE"),
        )

    assert [len(each.answers) for each in found] == [1, 0]


@pytest.mark.parametrize(("unassigned", "count"), [(False, 0), (True, 1)])
def test_a_step_without_a_station_is_for_every_station_if_the_site_says_so(
    unassigned: bool, count: int
) -> None:
    keys = query({"ScheduledStationAETitle": "CT09"}), query({"ScheduledStationAETitle": ""})
    with UpsServer([yamada(t00404025=None)], "dcm4chee") as server:
        by_name, any_station = ask(
            settings(server.workitems_uri, unassigned=unassigned, preset="dcm4chee"), *keys
        )

    assert len(by_name.answers) == count
    [step] = any_station.answers[0].ScheduledProcedureStepSequence
    assert step.ScheduledStationAETitle == "CT01"  # who asks


def test_station_and_procedure_codes_are_translated() -> None:
    item = yamada(
        t00404025=value("SQ", {"00080100": value("SH", "ROOM7")}),
        t00404026=None,
        t00404018=value("SQ", {"00080100": value("SH", "MRBRAIN")}),
    )
    options = {"station_codes": {"ROOM7": "MR01"}, "modality_codes": {"MRBRAIN": "MR"}}
    step = {"ScheduledStationAETitle": "MR01", "Modality": "MR"}

    with UpsServer([item], "dcm4chee") as server:
        [found] = ask(settings(server.workitems_uri, preset="dcm4chee", **options), query(step))

    assert found.ids == ["P1"]


@pytest.mark.parametrize(("truncated", "status"), [("fail", 0xA700), ("success", 0x0000)])
def test_more_matches_than_allowed_are_told(truncated: str, status: int) -> None:
    with UpsServer(many(30)) as server:
        [found] = ask(settings(server.workitems_uri, max_matches=10, truncated=truncated), query())

    assert found.status == status
    assert found.ids == [f"P{number}" for number in range(1, 11)]


def test_more_workitems_than_are_read_are_told() -> None:
    with UpsServer(many(50)) as server:
        [found] = ask(
            settings(server.workitems_uri, page_size=10, max_workitems=20), query(PatientID="*")
        )

    assert found.status == 0xA700
    assert len(found.answers) == 20
