"""Patterns match what they say, and what two have in common is known without trying values."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wildcards import compiled, includes, meet, tidy

PATTERNS = st.text("ab*?", max_size=6)
VALUES = ["".join(each) for length in range(5) for each in product("abc", repeat=length)]


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["", "CT1", "A\nB"], []),
        ("CT*", ["CT", "CT1"], ["XCT", "ct"]),
        ("CT?", ["CT1"], ["CT", "CT12"]),
        ("[AB]", ["[AB]"], ["A"]),
        ("*a*b", ["ab", "xaxab", "aab"], ["a", "ba"]),
        ("*?", ["x", "xy"], [""]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_only_the_star_and_the_question_mark_are_wild(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    regex = compiled(pattern)

    assert [each for each in matching if not regex.fullmatch(each)] == []
    assert [each for each in others if regex.fullmatch(each)] == []


@given(PATTERNS, st.text("ab", max_size=8))
def test_a_star_that_takes_little_finds_what_any_star_finds(pattern: str, value: str) -> None:
    assert bool(compiled(pattern).fullmatch(value)) is meet(pattern, value)
    assert bool(compiled(tidy(pattern)).fullmatch(value)) is includes(pattern, value)


@given(PATTERNS, PATTERNS)
def test_one_that_includes_another_matches_all_of_its_values(wide: str, narrow: str) -> None:
    narrowly = {each for each in VALUES if compiled(narrow).fullmatch(each)}
    widely = {each for each in VALUES if compiled(wide).fullmatch(each)}

    if includes(wide, narrow):
        assert narrowly <= widely
    if narrowly & widely:
        assert meet(wide, narrow)
    if not meet(wide, narrow):
        assert not narrowly & widely


def test_a_hostile_value_costs_no_more_than_its_length() -> None:
    # Backtracking would take longer than a test may.
    assert not compiled("*a" * 30 + "*b").fullmatch("a" * 1024)
