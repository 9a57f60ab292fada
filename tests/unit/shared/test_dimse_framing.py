"""The stream of bytes means the same however it is cut."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dimse.framing import MAX_STEPS, Framer
from shared.dimse.pdu import P_DATA_TF, ProtocolFault


class Collector:
    """Puts fragments together again."""

    def __init__(self) -> None:
        self.pdus: list[tuple[int, bytes]] = []
        self.headers: list[tuple[int, int]] = []
        self.values: list[tuple[int, int, bytes]] = []
        self._value = b""

    def on_header(self, kind: int, length: int) -> None:
        self.headers.append((kind, length))

    def on_pdu(self, kind: int, body: bytes) -> None:
        self.pdus.append((kind, body))

    def on_fragment(self, context: int, control: int, value: memoryview, whole: bool) -> None:
        self._value += value
        if whole:
            self.values.append((context, control, self._value))
            self._value = b""


def edges_of(stream: bytes, cuts: list[int]) -> list[int]:
    return [0, *sorted({cut % (len(stream) + 1) for cut in cuts}), len(stream)]


def feed(framer: Framer, stream: bytes, cuts: list[int]) -> None:
    """As a connection does: what is not taken comes again, with more."""
    rest = b""
    for start, end in pairwise(edges_of(stream, cuts)):
        data = rest + stream[start:end]
        rest = data[framer.feed(memoryview(data), len(data)) :]
        assert len(rest) < 6
    assert rest == b""


def p_data(values: list[tuple[int, int, bytes]]) -> bytes:
    body = b"".join(
        struct.pack(">IBB", len(value) + 2, context, control) + value
        for context, control, value in values
    )
    return struct.pack(">BxI", P_DATA_TF, len(body)) + body


Pdu = list[tuple[int, int, bytes]] | tuple[int, bytes]  # PDVs of a P-DATA-TF; else type and body


def encode(pdu: Pdu) -> bytes:
    if isinstance(pdu, list):
        return p_data(pdu)
    kind, body = pdu
    return struct.pack(">BxI", kind, len(body)) + body


def asked_of(pdus: list[Pdu], edges: list[int]) -> list[tuple[int, int]]:
    """Kind and length of all but those with one PDV that are there whole with their header."""
    asked, begin = [], 0
    for each in pdus:
        encoded = encode(each)
        seen = next(edge for edge in edges if edge >= begin + 6)
        whole = seen >= begin + len(encoded)
        if not (isinstance(each, list) and len(each) == 1 and whole):
            asked.append((encoded[0], len(encoded) - 6))
        begin += len(encoded)
    return asked


PDVS = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40)), max_size=4
)
PDUS = st.lists(st.one_of(PDVS, st.tuples(st.sampled_from([1, 5, 7]), st.binary(max_size=40))))


@given(pdus=PDUS, cuts=st.lists(st.integers(0, 1000)))
def test_any_cut_of_the_stream_gives_the_same_pdus(pdus: list[Pdu], cuts: list[int]) -> None:
    stream = b"".join(map(encode, pdus))
    collector = Collector()

    framer = Framer(collector)

    feed(framer, stream, cuts)

    assert collector.pdus == [each for each in pdus if isinstance(each, tuple)]
    assert collector.values == [pdv for each in pdus if isinstance(each, list) for pdv in each]
    assert collector.headers == asked_of(pdus, edges_of(stream, cuts))
    assert not framer.within


@given(st.binary(max_size=300))
def test_random_bytes_give_pdus_or_a_fault(data: bytes) -> None:
    framer = Framer(Collector())
    try:
        taken = framer.feed(memoryview(data), len(data))
    except ProtocolFault:
        return

    assert 0 <= len(data) - taken < 6


def test_what_is_held_back_is_not_taken() -> None:
    class Holder(Collector):
        def on_pdu(self, kind: int, body: bytes) -> None:
            super().on_pdu(kind, body)
            framer.held = True

    holder = Holder()
    framer = Framer(holder)
    stream = memoryview(bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0)) * 2)

    assert framer.feed(stream, 20) == 10
    assert framer.feed(stream[10:], 10) == 0
    framer.held = False
    assert framer.feed(stream[10:], 10) == 10
    assert len(holder.pdus) == 2


def test_no_more_than_a_few_hundred_pdvs_are_taken_at_a_time() -> None:
    collector = Collector()
    framer = Framer(collector)
    stream = memoryview(p_data([(1, 0, b"")] * 200) * 10)

    turns, at = 0, 0
    while framer.takes(len(stream) - at):
        at += framer.feed(stream[at:], len(stream) - at)
        turns += 1
        assert len(collector.values) <= turns * 2 * MAX_STEPS

    assert at == len(stream)
    assert len(collector.values) == 2000
    assert turns > 2


def test_fragments_are_views_of_what_was_read() -> None:
    views: list[memoryview] = []

    class Keeper(Collector):
        def on_fragment(self, context: int, control: int, value: memoryview, whole: bool) -> None:
            super().on_fragment(context, control, value, whole)
            views.append(value)

    buffer = bytearray(p_data([(1, 2, b"value")]))
    Framer(Keeper()).feed(memoryview(buffer), len(buffer))
    buffer[-5:] = b"VALUE"

    assert bytes(views[0]) == b"VALUE"


@pytest.mark.parametrize("length", [0, 1, 30, 0xFFFFFFFF])
def test_a_pdv_that_does_not_fit_its_pdu_is_a_fault(length: int) -> None:
    data = struct.pack(">BxIIBB", P_DATA_TF, 20, length, 1, 0) + bytes(14)

    with pytest.raises(ProtocolFault):
        Framer(Collector()).feed(memoryview(data), len(data))
