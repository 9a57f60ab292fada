"""The prototype's dialect, parameter by parameter."""

from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.support.ups_query import encoded
from worklist.elements import SYNTAXES
from worklist.identifier import parse
from worklist.legacy import legacy_search
from worklist.search import Search


def search(step: dict[str, Any] | None = None, *, everything: bool = False, **root: Any) -> Search:
    identifier = Dataset()
    for keyword, value in root.items():
        setattr(identifier, keyword, value)
    if step is not None:
        item = Dataset()
        for keyword, value in step.items():
            setattr(item, keyword, value)
        identifier.ScheduledProcedureStepSequence = [item]
    data = encoded(identifier, ExplicitVRLittleEndian)
    read = parse(data, SYNTAXES[ExplicitVRLittleEndian], "ISO_IR 100")
    return legacy_search(read, (), everything)


START = "00400100.00404005"


def test_keys_without_value_are_asked_to_be_returned() -> None:
    found = search(PatientName="", PatientID="", ReferencedStudySequence=[])

    assert found.query() == "includefield=00081110,00100010,00100020"


def test_or_everything_is() -> None:
    assert search(everything=True, PatientName="").query() == "includefield=all"


def test_keys_with_a_value_are_parameters() -> None:
    found = search(PatientName="DOE^JOHN", PatientID="1234")

    assert found.pushed == (("00100010", "DOE^JOHN"), ("00100020", "1234"))


def test_keys_of_the_request_are_moved_into_its_sequence() -> None:
    found = search(
        StudyInstanceUID="",
        RequestingPhysician="",
        ReferringPhysicianName="",
        RequestedProcedureDescription="",
        RequestedProcedureID="",
        AccessionNumber="",
        RequestingService="",
    )

    moved = ("0020000D", "00321032", "00080090", "00321060", "00401001", "00080050")
    assert set(found.fields) == {f"0040A370.{tag}" for tag in moved} | {"00321033"}


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20190204", None, "20190204"),
        ("20190204", "", "20190204"),
        ("20190204", "100400", "20190204100400"),
        ("20190204-20190405", "", "20190204-20190405"),
        ("20190204-20190405", "090401", "20190204090401-20190405090401"),
        ("20190204", "100400-200303", "20190204100400-20190204200303"),
        ("20190204-20190405", "100400-200303", "20190204100400-20190405200303"),
        ("20190204-", "1000-", "201902041000-"),
        ("-20190204", "1000", "-201902041000"),
    ],
)
def test_date_and_time_are_joined_as_text(date: str, time: str | None, expected: str) -> None:
    step = {"ScheduledProcedureStepStartDate": date}
    if time is not None:
        step["ScheduledProcedureStepStartTime"] = time

    assert search(step).pushed == ((START, expected),)


def test_a_start_without_value_is_asked_to_be_returned() -> None:
    step = {"ScheduledProcedureStepStartDate": "", "ScheduledProcedureStepStartTime": "1000"}

    assert search(step).query() == f"includefield={START}"


def test_a_time_over_midnight_asks_for_the_whole_day() -> None:
    step = {
        "ScheduledProcedureStepStartDate": "20240105",
        "ScheduledProcedureStepStartTime": "2200-0200",
    }

    assert search(step).pushed == ((START, "20240105-20240105"),)


def test_steps_keep_their_place() -> None:
    found = search({"Modality": "CT", "ScheduledStationAETitle": "CT01"})

    assert found.pushed == (("00400100.00080060", "CT"), ("00400100.00400001", "CT01"))


def test_a_list_is_matched_here_where_the_prototype_sent_its_first_value() -> None:
    assert search({"Modality": ["CT", "MR"]}).pushed == ()


def test_xml_is_asked_for_in_one_piece() -> None:
    found = search(PatientName="")

    assert found.accept == 'multipart/related; type="application/dicom+xml"'
    assert not found.paged
