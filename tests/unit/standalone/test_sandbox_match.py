"""Matching of QIDO-RS keys (PS3.18 8.3.4.1)."""

from typing import Any

import pytest

from standalone.sandbox.levels import INDEXED
from standalone.sandbox.match import BadQuery, key_of, matches

HELD: dict[str, Any] = {
    "00080020": {"vr": "DA", "Value": ["20261124"]},
    "00080030": {"vr": "TM", "Value": ["093015"]},
    "00080060": {"vr": "CS", "Value": ["CT"]},
    "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "DOE^JANE"}]},
    "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
    "00080050": {"vr": "SH"},
}


@pytest.mark.parametrize(
    ("key", "wanted", "expected"),
    [
        ("00080060", "CT", True),
        ("00080060", "ct", False),
        ("00080060", "MR", False),
        ("00080060", "?T", True),
        ("00080060", "", True),
        ("00080061", "SR", True),
        ("00100010", "doe*", True),
        ("00100010", "DOE^J?NE", True),
        ("00100010", "DOE", False),
        ("00100010", "DOE.JANE", False),
        ("00080020", "20261124", True),
        ("00080020", "20261101-20261130", True),
        ("00080020", "20261125-", False),
        ("00080020", "-20261124", True),
        ("00080020", "2026-2026", True),
        ("00080030", "0900-1000", True),
        ("0020000D", "1.2.3", True),
        ("0020000D", "9.9,1.2.3", True),
        ("0020000D", "1.2", False),
        ("00080050", "A1", False),
        ("00080050", "*", True),
        ("00201208", "1", False),
    ],
)
def test_a_key_matches_as_the_standard_says(key: str, wanted: str, expected: bool) -> None:
    assert matches(key, wanted, HELD) is expected


@pytest.mark.parametrize("name", ["PatientName", "00100010", "0020000d"])
def test_a_keyword_and_a_tag_are_the_same_key(name: str) -> None:
    assert key_of(name, INDEXED) in {"00100010", "0020000D"}


@pytest.mark.parametrize("name", ["PixelData", "NoSuchThing", "00404025.00080100", "1234"])
def test_what_cannot_be_searched_is_said_and_not_ignored(name: str) -> None:
    with pytest.raises(BadQuery, match="cannot search"):
        key_of(name, INDEXED)
