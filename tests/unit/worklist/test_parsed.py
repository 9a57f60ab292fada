"""Answers made into workitems: no more of them, and no more memory, than a query may take."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dicomweb.ups import SMALL, SPARSEST, Page, TooMany, Unreadable, data_sets
from worklist.parsed import Parsed, Read

MOST = 20_000  # workitems
MIB = 1 << 20
TINY = b'{"":0}'
CROWD = [{"": 0}] * (SMALL // SPARSEST + 1)  # so many that they are looked at one by one


def page(body: bytes) -> Page:
    return Page(body, "application/dicom+json")


def array(element: bytes, size: int) -> bytes:
    """A JSON array of that many bytes."""
    return b"[" + (element + b",") * (size // (len(element) + 1)) + b"null]"


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def read(body: bytes, most: int = MOST) -> Read:
    return Parsed(most).workitems(page(body))


@pytest.mark.usefixtures("traced")
def test_an_answer_of_nothing_but_tiny_workitems_takes_no_memory() -> None:
    body = array(TINY, 4 * MIB)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()

    found = read(body)

    _, peak = tracemalloc.get_traced_memory()
    assert (len(found.workitems), found.cut) == (MOST, True)
    assert peak - before < 32 * MIB


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("element", [TINY, b"[]", b"{}"])
def test_a_workitem_of_nothing_but_tiny_items_takes_no_memory(element: bytes) -> None:
    body = b'[{"00400100":{"Value":' + array(element, 15 * MIB) + b"}}]"
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()

    with pytest.raises(TooMany):
        read(body)

    assert tracemalloc.get_traced_memory()[1] - before < 32 * MIB


@pytest.mark.parametrize("element", [TINY, b"null", b'{"00080018":{"vr":"UI","Value":["1.2"]}}'])
def test_a_page_of_as_many_as_are_read_is_whole_and_one_more_cuts_it(element: bytes) -> None:
    whole = b"[" + b",".join([element] * MOST) + b"]"

    assert not read(whole).cut
    assert read(whole[:-1] + b"," + element + b"]").cut
    assert len(read(whole).workitems) == (0 if element == b"null" else MOST)


def test_parts_of_multipart_are_counted_too() -> None:
    part = b"--b\r\nContent-Type: application/dicom+xml\r\n\r\n<NativeDicomModel/>\r\n"
    kind = 'multipart/related; type="application/dicom+xml"; boundary=b'
    body = part * 30 + b"--b--"

    found = Parsed(10).workitems(Page(body, kind))

    assert (len(found.workitems), found.cut) == (10, True)
    assert not Parsed(30).workitems(Page(body, kind)).cut


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
ITEMS = st.lists(st.none() | st.dictionaries(st.text(max_size=5), VALUES), max_size=5)


@settings(max_examples=30)
@given(ITEMS, st.sampled_from([None, 0, 1, "\t"]), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_a_crowd_is_read_as_any_json(items: list[Any], indent: Any, encoding: str) -> None:
    body = json.dumps(CROWD + items, indent=indent, ensure_ascii=False)

    found = data_sets(page(body.encode(encoding, "surrogatepass")), MOST)

    assert found.found == [each for each in CROWD + items if each]
    assert not found.cut


@pytest.mark.parametrize("end", ["", ",", ",]", "]]", "],", "] x", "}", "x]", " 1]", ",x]", ",1]"])
def test_a_crowd_that_is_no_json_is_unreadable(end: str) -> None:
    body = json.dumps(CROWD)[:-1] + end

    with pytest.raises(Unreadable):
        data_sets(page(body.encode()), MOST)
