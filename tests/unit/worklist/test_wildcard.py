"""Wild cards of keys (PS3.4 C.2.2.2.4): what they match, and how long that takes."""

import re
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worklist.match import Matching, predicate
from worklist.wildcard import WINDOW, Wildcard

LONGEST = 1 << 15  # characters of a key


def by_expression(key: str, value: str) -> bool:
    parts = (re.escape(part).replace(r"\?", ".") for part in re.split(r"\*+", key))
    return bool(re.fullmatch(".*".join(parts), value, re.DOTALL))


@settings(max_examples=500)
@given(st.text("ab*?", max_size=8), st.text("ab?*\n山", max_size=10))
def test_it_matches_what_an_expression_does(key: str, value: str) -> None:
    assert Wildcard(key).fits(value) is by_expression(key, value)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(["", "?", "b?", "?b", "b?a", "a??b", "a?b?b"]), min_size=2, max_size=4
    ),
    st.lists(st.sampled_from(["a" * WINDOW, "a" * 90, "b", "ba", "ab"]), max_size=8),
)
def test_what_is_far_away_is_found(parts: list[str], runs: list[str]) -> None:
    key, value = "*".join(parts), "".join(runs)

    assert Wildcard(key).fits(value) is by_expression(key, value)


def test_one_that_is_longer_than_a_window_is_found_anywhere() -> None:
    part = "ab?" * WINDOW
    value = "ab" * 4 * WINDOW + "abc" * WINDOW + "x"

    assert Wildcard(f"*{part}*").fits(value)
    assert not Wildcard(f"*{part}?b*").fits(value)


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


@pytest.mark.parametrize("run", ["?a", "*a", "?*", "a.", "*?a", "山?"])
@pytest.mark.parametrize("vr", ["LO", "PN"])
def test_the_longest_keys_are_ready_at_once(vr: str, run: str) -> None:
    length = LONGEST - len(run)
    keys = [f"{number}*{run * (length // len(run))}"[:length] for number in range(10)]
    values = tuple(f"{number}^{run * 20}" for number in range(10))

    def match() -> None:
        for key in keys:
            test = predicate(vr, (key,), Matching())
            assert test
            assert not test(values)

    assert seconds(match) < 0.5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("*" + "a?" * 5_000 + "b*", "a" * 100_000),
        ("*a?" * 8_000 + "b", "a" * 100_000),
        ("*a" * 16_000 + "b", "a" * 100_000),
        ("*" + "a" * 16_000 + "b" + "a" * 16_000 + "*", "a" * 100_000),
        ("?" * 32_000 + "*b*", "a" * 100_000),
    ],
)
def test_the_worst_value_for_a_key_is_matched_in_bounded_time(key: str, value: str) -> None:
    assert seconds(lambda: Wildcard(key).fits(value)) < 2


def test_nothing_is_kept_of_a_key() -> None:
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(50):
        assert predicate("LO", (f"{number}*" + "a?b*" * 2_000,), Matching())
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert after - before < 1 << 20
