"""What a head teaches about the next changes how fast it is read, and nothing else."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.head import Head
from shared.head_reader import Encoding, Reader, State
from shared.head_tags import MODALITY, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID
from shared.outline import KEPT, LONGEST, Outlines

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
UNDEFINED = 0xFFFF_FFFF
REFERENCED = 0x0008_1140  # a sequence in front of Study Instance UID


def element(syntax: str, tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    order = ">" if syntax == BIG else "<"
    count = len(value) if length is None else length
    number = tag >> 16, tag & 0xFFFF
    if syntax == IMPLICIT or tag >> 16 == 0xFFFE:
        return pack(order + "HHI", *number, count) + value
    if vr in {"SQ", "UN", "OB"}:
        return pack(order + "HH2sHI", *number, vr.encode(), 0, count) + value
    return pack(order + "HH2sH", *number, vr.encode(), count) + value


def sequence(syntax: str, content: bytes, vr: str = "SQ") -> bytes:
    inner = element(syntax, 0xFFFE_E000, "", content, UNDEFINED)
    inner += element(syntax, 0xFFFE_E00D, "", b"") + element(syntax, 0xFFFE_E0DD, "", b"")
    return element(syntax, REFERENCED, vr, inner, UNDEFINED)


def head(syntax: str, values: "Values", *, nested: bool = False) -> bytes:
    inner = element(syntax, SOP_INSTANCE_UID, "UI", values.instance)
    parts = [
        element(syntax, SOP_CLASS_UID, "UI", values.sop_class),
        element(syntax, SOP_INSTANCE_UID, "UI", values.instance),
        element(syntax, MODALITY, "CS", values.modality),
        sequence(syntax, inner) if nested else b"",
        element(syntax, 0x0009_0010, "UN", values.private),
        element(syntax, STUDY_INSTANCE_UID, "UI", values.study),
        element(syntax, 0x0028_0010, "US", b"\0\2"),
    ]
    return b"".join(parts) + bytes(64)


class Values:
    def __init__(self, number: int, *, private: bytes = b"") -> None:
        self.sop_class = b"1.2.840.10008.5.1.4.1.1.2\0"
        self.instance = f"1.2.{number:06}".encode()
        self.modality = (b"CT", b"MR")[number % 2]
        self.private = private
        self.study = f"1.3.{number:06}".encode()


def read(data: bytes, syntax: str, outlines: Outlines | None, step: int = 0) -> tuple[object, ...]:
    found = Head(syntax, outlines)
    for at in range(0, len(data), step or len(data) or 1):
        found.feed(memoryview(data)[at : at + (step or len(data))])
    return found.state, found.values, found.mislabelled, found.identified


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each head that was read element by element."""
    made: list[None] = []
    begin = Reader.__init__

    def counted(self: Reader, encoding: Encoding, values: dict[int, str]) -> None:
        made.append(None)
        begin(self, encoding, values)

    monkeypatch.setattr(Reader, "__init__", counted)
    return made


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_of_heads_that_are_laid_out_alike_the_first_alone_is_read(
    syntax: str, nested: bool, readings: list[None]
) -> None:
    outlines = Outlines()

    found = [read(head(syntax, Values(n), nested=nested), syntax, outlines) for n in range(5)]

    assert len(readings) == 1
    assert found == [read(head(syntax, Values(n), nested=nested), syntax, None) for n in range(5)]
    assert all(state is State.COMPLETE for state, *_ in found)


def test_each_layout_is_learned_and_the_last_ones_are_kept(
    readings: list[None],
) -> None:
    outlines = Outlines()

    def came(size: int) -> None:
        data = head(EXPLICIT, Values(1, private=bytes(size)))
        assert read(data, EXPLICIT, outlines) == read(data, EXPLICIT, None)
        readings.pop()  # of the comparison

    for _ in range(3):
        for number in range(KEPT):
            came(2 * number)
    assert len(readings) == KEPT
    came(1000)  # takes the place of the one that came first
    came(2)
    assert len(readings) == KEPT + 1
    came(0)
    assert len(readings) == KEPT + 2


def test_one_in_pieces_and_a_long_one_teach_nothing(readings: list[None]) -> None:
    outlines = Outlines()
    data = head(EXPLICIT, Values(1))
    long = head(EXPLICIT, Values(1, private=bytes(LONGEST)))

    for _ in range(2):
        assert read(data, EXPLICIT, outlines, step=30)[0] is State.COMPLETE
        assert read(long, EXPLICIT, outlines)[0] is State.COMPLETE

    assert len(readings) == 4


MISLABELLED = [(EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)]


@pytest.mark.parametrize(("agreed", "sent"), MISLABELLED)
def test_what_is_not_in_its_transfer_syntax_is_told_each_time(agreed: str, sent: str) -> None:
    outlines = Outlines()

    found = [read(head(sent, Values(number)), agreed, outlines) for number in range(3)]

    assert [mislabelled for *_, mislabelled, _ in found] == [True] * 3


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_wherever_a_byte_differs_or_it_ends_the_same_is_found(syntax: str, nested: bool) -> None:
    data = head(syntax, Values(1, private=b"\0\0"), nested=nested)[:-64]
    others = [data[:end] for end in range(len(data))]
    for place in range(len(data)):
        for altered in (0x01, 0x02, 0x80, 0xFF):
            changed = bytearray(data + bytes(64))
            changed[place] ^= altered
            others.append(bytes(changed))

    for other in others:
        outlines = Outlines()
        read(data + bytes(64), syntax, outlines)
        assert read(other, syntax, outlines) == read(other, syntax, None)


@given(
    st.sampled_from([EXPLICIT, IMPLICIT, BIG]),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans()), min_size=2),
    st.sampled_from([0, 0, 17, 120]),
)
def test_nothing_else_is_found_whatever_came_before(
    syntax: str, came: list[tuple[int, int, bool]], step: int
) -> None:
    outlines = Outlines()
    for number, private, nested in came:
        data = head(syntax, Values(number, private=bytes(private)), nested=nested)
        assert read(data, syntax, outlines, step) == read(data, syntax, None, step)
