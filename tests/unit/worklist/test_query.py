"""What is asked of each server: only what it matches at least as we do."""

from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from shared.destination import Profile
from tests.support.ups_query import encoded, query
from worklist.elements import SYNTAXES
from worklist.identifier import parse
from worklist.query import Asked, searches
from worklist.search import PLAIN, WITHOUT_KEYS, Search
from worklist.selection import start_window
from worklist.workitem import Asking


def asked(identifier: Dataset, stations: Any = None, **site: Any) -> list[Search]:
    data = encoded(identifier, ExplicitVRLittleEndian)
    read = parse(data, SYNTAXES[ExplicitVRLittleEndian], "ISO_IR 100")
    asking = Asking(UTC, UTC, calling_ae="CT01", stations=stations or {})
    return searches(read, start_window(read), asking, Asked(**site))


def parameters(identifier: Dataset, stations: Any = None, **site: Any) -> dict[str, str]:
    [search] = asked(identifier, stations, **site)
    pairs = parse_qsl(search.query(), strict_parsing=True)
    assert len({name for name, _ in pairs}) == len(pairs), "an attribute is repeated"
    found = dict(pairs)
    assert found.pop("00741000", found.pop("ProcedureStepState", "SCHEDULED")) == "SCHEDULED"
    found.pop("includefield", None)
    return found


FULL = query(
    {
        "ScheduledStationAETitle": "CT01",
        "Modality": "CT",
        "ScheduledProcedureStepStartDate": "20240105",
        "ScheduledProcedureStepDescription": "CT*",
    },
    PatientName="DOE^J*",
    PatientID="P1",
    AccessionNumber="A1",
    StudyInstanceUID="1.2.3",
    RequestedProcedureID="RP1",
)
START = {"00404005": "20240105000000-20240105235959"}
REQUEST, STATION, CLASS = "0040A370.", "00404025.00080100", "00404026.00080100"


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("generic", {**START, "00100020": "P1"}),
        (
            "dcm4chee",
            {
                **START,
                "00100010": "DOE^J*",
                "00100020": "P1",
                STATION: "CT01",
                CLASS: "CT",
                REQUEST + "00080050": "A1",
                REQUEST + "0020000D": "1.2.3",
            },
        ),
        (
            "azure",
            {
                **START,
                "00100010": "DOE",
                "fuzzymatching": "true",
                "00100020": "P1",
                STATION: "CT01",
                REQUEST + "00080050": "A1",
            },
        ),
        ("pyupsrs", {**START, "00100020": "P1"}),
        ("emulator", {"PatientID": "P1"}),
    ],
)
def test_each_preset_pushes_down_its_own(preset: str, expected: dict[str, str]) -> None:
    assert parameters(FULL, preset=preset) == expected


def test_a_worklist_server_is_asked_by_worklist_attributes() -> None:
    assert parameters(FULL, profile=Profile.MWL_RS) == {
        "00400100.00400002": "20240105",
        "00100010": "DOE^J*",
        "00100020": "P1",
        "00400100.00400001": "CT01",
        "00400100.00080060": "CT",
        "00080050": "A1",
        "0020000D": "1.2.3",
    }


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20240105-20240107", "1000-1200", {"00400100.00400002": "20240105-20240107"}),
        ("20240105-", "", {"00400100.00400002": "20240105-"}),
        (
            "20240105",
            "1000-1200",
            {"00400100.00400002": "20240105", "00400100.00400003": "100000-120059"},
        ),
        ("", "1000-1200", {}),
    ],
)
def test_a_worklist_server_is_asked_for_a_time_only_within_a_day(
    date: str, time: str, expected: dict[str, str]
) -> None:
    step = {"ScheduledProcedureStepStartDate": date, "ScheduledProcedureStepStartTime": time}

    assert parameters(query(step), profile=Profile.MWL_RS) == expected


@pytest.mark.parametrize("preset", ["generic", "dcm4chee", "azure", "pyupsrs", "emulator"])
@pytest.mark.parametrize("key", ["", "*", "**"])
def test_universal_keys_are_not_asked_for(preset: str, key: str) -> None:
    identifier = query(
        {"ScheduledStationAETitle": key}, PatientName=key, PatientID=key, AccessionNumber=key
    )

    assert parameters(identifier, preset=preset) == {}


@pytest.mark.parametrize(
    ("preset", "name", "expected"),
    [
        ("dcm4chee", "doe", "DOE"),
        ("dcm4chee", "DOE^", "DOE"),
        ("dcm4chee", "Yamada=山田", None),
        ("azure", "DOE", "DOE"),
        ("azure", "D?E*", "D"),
        ("azure", "*OE", None),
        ("azure", "O'BRIEN*", None),
        ("azure", "山田*", None),
        ("pyupsrs", "DOE*", None),
        ("emulator", "DOE*", None),
        ("generic", "DOE", None),
    ],
)
def test_names_are_asked_for_as_the_server_compares_them(
    preset: str, name: str, expected: str | None
) -> None:
    identifier = query(PatientName=name)
    identifier.SpecificCharacterSet = "ISO_IR 192"

    assert parameters(identifier, preset=preset).get("00100010") == expected


@pytest.mark.parametrize(
    ("preset", "identifier"),
    [
        ("generic", query(PatientID="P*")),
        ("azure", query(PatientID="P?")),
        ("azure", query({"Modality": ["CT", "MR"]})),
        ("dcm4chee", query({"ScheduledStationAETitle": "CT*"})),
        ("dcm4chee", query(StudyInstanceUID="2.25.17")),
        ("dcm4chee", query(StudyInstanceUID=["1.2", "1.3"])),
        ("dcm4chee", query(RequestedProcedureID="RP1")),
    ],
)
def test_what_a_server_would_lose_is_matched_here_alone(preset: str, identifier: Dataset) -> None:
    assert parameters(identifier, preset=preset) == {}


def test_a_station_is_asked_for_by_its_code() -> None:
    identifier = query({"ScheduledStationAETitle": "MR01"})

    alone = parameters(identifier, {"ROOM7": "MR01", "MR01": "OTHER"}, preset="dcm4chee")
    ambiguous = parameters(identifier, {"ROOM7": "MR01"}, preset="dcm4chee")

    assert alone == {STATION: "ROOM7"}
    assert ambiguous == {}  # a station may also be named by its AE title


def test_each_state_is_asked_for_by_itself() -> None:
    found = asked(query(), states=("SCHEDULED", "IN PROGRESS"))

    assert [each.fixed for each in found] == [
        (("00741000", "SCHEDULED"),),
        (("00741000", "IN PROGRESS"),),
    ]


def test_filters_of_the_site_are_asked_for_by_tag_or_keyword_and_returned() -> None:
    [search] = asked(
        query(), filter={"WorklistLabel": "CT ROOM", "00404018.00080100": "X"}, preset="azure"
    )

    assert search.fixed[1:] == (("00741202", "CT ROOM"), ("00404018.00080100", "X"))
    assert {"00741202", "00404018"} <= set(search.fields)


def test_all_attributes_are_asked_for_alone() -> None:
    [search] = asked(query(), includefield_all=True)

    assert search.query().endswith("&includefield=all")


def test_listed_attributes_are_those_of_the_root() -> None:
    [search] = asked(query({"Modality": ""}, AccessionNumber=""))

    assert {"00404025", "0040A370", "00100010", "00080201"} <= set(search.fields)
    assert all(len(each) == 8 for each in search.fields)


def test_values_are_percent_encoded() -> None:
    [search] = asked(query(PatientID="A&B=C,D+E#F G%"))

    assert "00100020=A%26B%3DC%2CD%2BE%23F%20G%25" in search.query()


def test_a_refused_search_becomes_simpler() -> None:
    [search] = asked(FULL, preset="dcm4chee")

    assert search.simpler(0) == WITHOUT_KEYS
    assert "00100010" not in dict(parse_qsl(search.query(WITHOUT_KEYS)))
    assert search.query(PLAIN) == ("00741000=SCHEDULED&00404005=20240105000000-20240105235959")
    assert search.shape == ("00100020", "00100010", STATION, CLASS, REQUEST + "00080050",
                            REQUEST + "0020000D")  # fmt: skip
