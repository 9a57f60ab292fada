"""Matching of one key (PS3.4 C.2.2.2)."""

import time

import pytest

from worklist.datetimes import UnreadableKey
from worklist.match import Matching, predicate

YAMADA = ("Yamada^Tarou=山田^太郎",)


def fits(vr: str, key: str, *values: str, matching: Matching | None = None) -> bool:
    found = predicate(vr, tuple(key.split("\\")), matching or Matching())
    return found is None or found(values)


@pytest.mark.parametrize(
    "key",
    [
        "*",
        "yamada*",
        "YAMADA",
        "Y?mada^T*",
        "=山田*",
        "Yamada^Tarou=山田^太郎",
        "山田",
        "山田^太郎",
        "yamada^tarou^",
        "Yamada^Tarou=",
        "**",
        "*Tarou",
        "NOBODY\\YAMADA",
    ],
)
def test_a_name_is_found(key: str) -> None:
    assert fits("PN", key, *YAMADA)


@pytest.mark.parametrize("key", ["Tarou*", "YAM", "Yamada^Tarou=山本*", "=Yamada*", "山", "?amad?"])
def test_another_name_is_not(key: str) -> None:
    assert not fits("PN", key, *YAMADA)


def test_sites_decide_about_names() -> None:
    assert not fits("PN", "YAMADA", *YAMADA, matching=Matching(name_prefix=False))
    assert not fits("PN", "MULLER", "Müller^Jürgen")
    assert fits("PN", "MULLER", "Müller^Jürgen", matching=Matching(ignore_accents=True))


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert fits("PN", "Mu\u0308ller*", "Müller^Jürgen")
    assert fits("LO", "M\u00fcller", "Mu\u0308ller")


@pytest.mark.parametrize("vr", ["AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"])
def test_text_takes_wildcards(vr: str) -> None:
    assert fits(vr, "A*C?", "ABBCD")
    assert not fits(vr, "A*C?", "XABBCD")
    assert not fits(vr, "A*C?", "ABBC")


@pytest.mark.parametrize("vr", ["UI", "DS", "IS", "US"])
def test_other_values_take_none(vr: str) -> None:
    assert not fits(vr, "1*", "12")
    assert fits(vr, "*", "12")
    assert fits(vr, "*")


@pytest.mark.parametrize("key", ["a.c", "a+c", "[abc]", "a|c", "(c", "a\\c"])
def test_signs_of_regular_expressions_are_plain(key: str) -> None:
    assert fits("LO", key.replace("\\", ""), key.replace("\\", ""))
    assert not fits("LO", key.replace("\\", "") + "*", "abc")


def test_many_asterisks_take_no_time() -> None:
    begun = time.monotonic()

    assert not fits("LO", "*a" * 31 + "*b", "a" * 64)

    assert time.monotonic() - begun < 5


def test_an_attribute_without_value_fails_every_key_but_the_universal() -> None:
    assert not fits("LO", "?*")
    assert not fits("PN", "A")
    assert fits("LO", "*")
    assert fits("DA", "-")


@pytest.mark.parametrize(
    ("vr", "key", "value", "expected"),
    [
        ("CS", "ct", "CT", True),
        ("CS", "CT\\MR", "MR", True),
        ("CS", "CT", "ct ", True),
        ("AE", "CT01", " CT01 ", True),
        ("AE", "ct01", "CT01", False),
        ("LO", "p1", "P1", False),
        ("SH", "A77", "A77 ", True),
        ("UI", "1.2.3\\1.2.4", "1.2.4", True),
        ("UI", "1.2.3", "1.2.3\0", True),
        ("UI", "1.2.3", "1.2.34", False),
        ("DS", "70", "70.0", True),
        ("IS", "01", "1", True),
        ("DS", "70", "71", False),
        ("DA", "19700101", "19700101", True),
        ("DA", "19700101", "1970-01-01", True),
        ("DA", "19690101-19701231", "19700101", True),
        ("DA", "-19691231", "19700101", False),
        ("DA", "19690101-", "no date", False),
        ("TM", "10-11", "113059", True),
        ("TM", "1000", "100030", True),
        ("TM", "1000", "1001", False),
        ("DT", "20240105-20240106", "20240105103000+0100", True),
        ("DT", "20240105", "20240105103000", True),
        ("DT", "20240105", "20240106", False),
    ],
)
def test_each_vr_has_its_way(vr: str, key: str, value: str, expected: bool) -> None:
    assert fits(vr, key, value) is expected


def test_any_of_several_values_will_do() -> None:
    assert fits("AE", "CT02", "CT01", "CT02")
    assert not fits("AE", "CT03", "CT01", "CT02")


def test_a_value_that_had_to_be_cut_is_found_whole_and_cut() -> None:
    long = "ACCESSION-0123456789"

    assert fits("SH", long, long)
    assert fits("SH", long[:16], long)
    assert not fits("SH", long[:15], long)


def test_case_may_be_ignored_in_all_text() -> None:
    assert fits("LO", "p1*", "P12", matching=Matching(ignore_case=True))


@pytest.mark.parametrize(("vr", "key"), [("DA", "yesterday"), ("TM", "99"), ("DT", "x-")])
def test_a_range_that_is_none_is_told(vr: str, key: str) -> None:
    with pytest.raises(UnreadableKey):
        predicate(vr, (key,), Matching())
