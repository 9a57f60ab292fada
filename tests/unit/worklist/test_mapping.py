"""The mapping as a whole: complete, and read alike in both directions."""

from datetime import UTC
from typing import Any

import pytest
from pydicom.datadict import keyword_for_tag

from shared.destination import Profile
from tests.support.ups_items import YAMADA, value, yamada
from worklist.dialects import DIALECTS
from worklist.mapping import ROOT_ROWS, STEP_ROWS
from worklist.rows import Level
from worklist.sources import hex_of
from worklist.workitem import Asking, Workitem, derived_step_id, derived_study_uid

ASKING = Asking(UTC, UTC, calling_ae="CT09", today="20260314")
# PS3.4 Table K.6-1: return keys that must have a value.
TYPE_1 = {
    "Modality",
    "PatientID",
    "PatientName",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "ScheduledStationAETitle",
    "StudyInstanceUID",
}


def found(item: dict[str, Any], keyword: str, level: Level = Level.ROOT) -> tuple[str, ...]:
    """What is matched, else what is answered nevertheless."""
    row = DIALECTS[Profile.UPS_STANDARD].row(level, int(hex_of(keyword), 16))
    workitem = Workitem(item)
    return row.value(workitem, ASKING) or (row.fill(workitem, ASKING) if row.fill else ())


def test_every_attribute_stands_in_the_table_once() -> None:
    rows = STEP_ROWS + ROOT_ROWS

    assert len({row.tag for row in rows}) == len(rows) > 55


def test_what_must_have_a_value_is_what_the_standard_says() -> None:
    rows = STEP_ROWS + ROOT_ROWS

    assert {keyword_for_tag(row.tag) for row in rows if row.type == "1"} == TYPE_1


@pytest.mark.parametrize("row", STEP_ROWS + ROOT_ROWS, ids=lambda row: keyword_for_tag(row.tag))
def test_each_path_leads_to_the_value_that_is_answered(row: Any) -> None:
    """A workitem with the attribute at that path and nowhere else."""
    for path in row.paths:
        item: dict[str, Any] = {}
        place = item
        *sequences, last = (hex_of(each) for each in path.split("."))
        for tag in sequences:
            inside: dict[str, Any] = {}
            place[tag] = value("SQ", inside)
            place = inside
        place[last] = value("LO", {"00080100": value("SH", "X")} if row.items else "20240105")
        workitem = Workitem(item)

        if row.items:
            assert len(row.items(workitem, ASKING)) == 1
        else:
            assert row.value(workitem, ASKING) == ("20240105",)


@pytest.mark.parametrize(
    ("keyword", "changes", "expected"),
    [
        ("RequestedProcedureID", {}, "RP77"),
        ("RequestedProcedureID", {"t0040A370": {"00080050": value("SH", "A77")}}, "A77"),
        ("RequestedProcedureID", {"t0040A370": None}, derived_step_id("1.2.826.1.9")),
        ("StudyInstanceUID", {}, "1.2.826.2.1"),
        (
            "StudyInstanceUID",
            {"t0040A370": None, "t0020000D": value("UI", "1.2.3")},
            "1.2.3",
        ),
        ("StudyInstanceUID", {"t0040A370": None}, derived_study_uid("1.2.826.1.9")),
        ("RequestedProcedureDescription", {}, "CT head plain"),
        ("AccessionNumber", {}, "A77"),
        ("AccessionNumber", {"t0040A370": None, "t00080050": value("SH", "B1")}, "B1"),
    ],
)
def test_the_first_source_that_has_a_value_counts(
    keyword: str, changes: dict[str, Any], expected: str
) -> None:
    wrapped = {
        tag: value("SQ", each) if tag == "t0040A370" and each else each
        for tag, each in changes.items()
    }

    assert found(yamada(**wrapped), keyword) == (expected,)


@pytest.mark.parametrize(
    ("keyword", "changes", "expected"),
    [
        ("Modality", {}, "CT"),
        ("Modality", {"t00080060": value("CS", "PT")}, "PT"),
        ("Modality", {"t00404026": value("SQ", {"00080100": value("SH", "ct")})}, "CT"),
        (
            "Modality",
            {"t00404026": value("SQ", {"00080104": value("LO", "Computed Tomography")})},
            "OT",
        ),
        ("Modality", {"t00404026": None}, "OT"),
        ("ScheduledStationAETitle", {"t00404025": None}, "CT09"),
        (
            "ScheduledStationAETitle",
            {
                "t00404025": value(
                    "SQ",
                    {
                        "00080100": value("SH", "A CODE OF 20 LETTERS"),
                        "00080104": value("LO", "CT07"),
                    },
                )
            },
            "CT07",
        ),
        ("ScheduledProcedureStepStartDate", {"t00404005": None}, "20260314"),
        ("ScheduledProcedureStepStartTime", {"t00404005": None}, "000000"),
        ("ScheduledProcedureStepStatus", {}, "SCHEDULED"),
        ("ScheduledProcedureStepStatus", {"t00741000": value("CS", "IN PROGRESS")}, "STARTED"),
    ],
)
def test_of_the_step_as_well(keyword: str, changes: dict[str, Any], expected: str) -> None:
    assert found(yamada(**changes), keyword, Level.STEP) == (expected,)


def test_a_step_at_several_stations_names_them_all() -> None:
    stations = [{"00080100": value("SH", each)} for each in ("CT01", "CT02")]

    item = yamada(t00404025=value("SQ", *stations))

    assert found(item, "ScheduledStationAETitle", Level.STEP) == ("CT01", "CT02")


def test_derived_identifiers_fit_their_vr() -> None:
    assert len(derived_step_id("1.2.3")) == 16
    assert derived_step_id("1.2.3") != derived_step_id("1.2.4")
    assert len(derived_study_uid("1.2.3")) <= 64
    assert derived_study_uid("1.2.3") == derived_study_uid("1.2.3")


def test_a_key_is_found_wherever_a_modality_put_it() -> None:
    assert found(YAMADA, "Modality", Level.ROOT) == ("CT",)
    assert found(YAMADA, "PatientID", Level.STEP) == ("P1",)
