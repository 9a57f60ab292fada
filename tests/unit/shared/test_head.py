"""The head of a data set is read from any fragments, in any encoding, in bounded memory."""

import tracemalloc
import zlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.tag import BaseTag

from shared.head import Head
from shared.head_reader import ENCODINGS, INFLATE_STEP, State
from shared.head_tags import MODALITY, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, WANTED
from tests.support.pydicom_files import Storable, storable_files

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF


def explicit(tag: int, vr: str, value: bytes) -> bytes:
    return pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


def sequence(tag: int, content: bytes, vr: bytes = b"SQ") -> bytes:
    begin = pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, UNDEFINED)
    return begin + content + pack("<HHI", 0xFFFE, 0xE0DD, 0)


def item(content: bytes) -> bytes:
    return pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + content + pack("<HHI", 0xFFFE, 0xE00D, 0)


IDENTITY = explicit(SOP_CLASS_UID, "UI", b"1.2\0") + explicit(SOP_INSTANCE_UID, "UI", b"1.2.3\0")
STUDY = explicit(STUDY_INSTANCE_UID, "UI", b"1.2.4\0")
END = explicit(0x00280010, "US", b"\0\2")


def head_of(data: bytes, transfer_syntax: str = EXPLICIT, step: int = 0) -> Head:
    head = Head(transfer_syntax)
    view = memoryview(data)
    for start in range(0, len(data), step or len(data) or 1):
        head.feed(view[start : start + (step or len(data))])
    return head


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("step", [1, 7, 1000, 131072])
def test_it_finds_what_pydicom_finds(step: int) -> None:
    for file in storable_files():
        data_set = dcmread(file.path, stop_before_pixels=True)
        expected = {
            tag: str(data_set[BaseTag(tag)].value or "")
            for tag in WANTED
            if BaseTag(tag) in data_set
        }

        found = head_of(body(file), file.transfer_syntax_uid, step).values

        assert {tag: found.get(tag) for tag in expected} == expected, file.path.name


def body(file: Storable) -> bytes:
    content = file.path.read_bytes()
    return content[144 + int.from_bytes(content[140:144], "little") :]


def test_it_reads_no_further_than_the_study() -> None:
    head = head_of(IDENTITY + STUDY + END)

    assert head.state is State.COMPLETE
    assert head.values == {
        SOP_CLASS_UID: "1.2",
        SOP_INSTANCE_UID: "1.2.3",
        STUDY_INSTANCE_UID: "1.2.4",
    }


def test_tags_that_are_not_sorted_are_read_on() -> None:
    late = STUDY + IDENTITY + explicit(MODALITY, "CS", b"CT") + END

    assert head_of(late).values[SOP_INSTANCE_UID] == "1.2.3"
    assert head_of(late).values[MODALITY] == "CT"


def test_the_instance_is_identified_before_its_study_is_known() -> None:
    head = head_of(IDENTITY + explicit(MODALITY, "CS", b"CT"))

    assert head.identified
    assert head.state is State.READING


@pytest.mark.parametrize("vr", [b"SQ", b"UN"])
def test_the_uids_of_another_instance_inside_a_sequence_are_not_its_own(vr: bytes) -> None:
    nested = item(
        explicit(SOP_INSTANCE_UID, "UI", b"9.9\0")
        + sequence(0x0008_1115, item(explicit(STUDY_INSTANCE_UID, "UI", b"9.8\0")))
    )
    if vr == b"UN":  # its content is Implicit VR Little Endian (PS3.5 6.2.2)
        nested = item(pack("<HHI", 8, 0x18, 4) + b"9.9\0")

    head = head_of(IDENTITY + sequence(0x0008_1200, nested, vr) + STUDY + END, step=5)

    assert head.values[SOP_INSTANCE_UID] == "1.2.3"
    assert head.values[STUDY_INSTANCE_UID] == "1.2.4"


def test_a_value_of_any_length_before_the_study_is_passed_over_without_being_kept() -> None:
    skipped = pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 50_000_000)
    head = Head(EXPLICIT)
    head.feed(IDENTITY + skipped)
    tracemalloc.start()
    for _ in range(500):
        head.feed(memoryview(bytes(100_000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    head.feed(STUDY + END)

    assert head.values[STUDY_INSTANCE_UID] == "1.2.4"
    assert peak < 200_000


@pytest.mark.parametrize("step", [0, 1, 9])
@pytest.mark.parametrize("tag", [0x0008_0005, SOP_CLASS_UID])
def test_implicit_vr_where_explicit_was_agreed_is_recognised(tag: int, step: int) -> None:
    value = b"1.2.840\0"
    data = pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value
    data += pack("<HHI", 8, 0x18, 4) + b"1.2\0" + pack("<HHI", 0x20, 0xD, 4) + b"1.5\0"

    head = head_of(data, EXPLICIT, step)

    assert head.mislabelled
    assert head.values[SOP_INSTANCE_UID] == "1.2"
    assert head.values[STUDY_INSTANCE_UID] == "1.5"
    assert not head_of(data, IMPLICIT).mislabelled


def test_what_is_no_data_set_breaks_and_stays_broken() -> None:
    head = head_of(IDENTITY + b"\x10\0\x10\0??\4\0ABCD" + STUDY)

    assert head.state is State.BROKEN
    assert head.identified
    assert STUDY_INSTANCE_UID not in head.values


def test_a_deflated_data_set_is_read_and_a_bomb_is_not_inflated() -> None:
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    long = pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 200_000_000)
    bomb = deflater.compress(IDENTITY + long + bytes(200_000_000)) + deflater.flush()

    tracemalloc.start()
    head = head_of(bomb, DEFLATED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert head.values[SOP_INSTANCE_UID] == "1.2.3"
    assert head.state is State.ENDLESS
    assert peak < 1_000_000


@pytest.mark.parametrize("found", [b"", IDENTITY + STUDY + END])
def test_nothing_is_kept_of_what_comes_after_a_deflate_stream(found: bytes) -> None:
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    stream = deflater.compress(explicit(0x0008_0005, "CS", b"") + found) + deflater.flush()
    piece = bytes(100_000)

    head = Head(DEFLATED)
    tracemalloc.start()
    head.feed(stream + piece)
    for _ in range(100):
        head.feed(piece)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert head.state is (State.COMPLETE if found else State.BROKEN)
    assert head.identified
    assert kept < 20_000


@pytest.mark.parametrize("length", range(INFLATE_STEP - 50, INFLATE_STEP - 10, 2))
def test_the_last_that_a_deflate_stream_comes_to_is_read_too(length: int) -> None:
    """Where the stream is used up before all that it comes to was taken out."""
    uid = b"1.2.3.4\0"
    instance, study = (explicit(each, "UI", uid) for each in (SOP_INSTANCE_UID, STUDY_INSTANCE_UID))
    data = instance + explicit(0x0008_4000, "LT", b" " * length) + study
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)

    head = head_of(deflater.compress(data) + deflater.flush(), DEFLATED)

    assert head.values[STUDY_INSTANCE_UID] == "1.2.3.4"


def test_what_is_no_deflate_stream_is_broken() -> None:
    assert head_of(b"\xff" * 100, DEFLATED).state is State.BROKEN


@pytest.mark.parametrize(
    "endless",
    [
        explicit(0x0008_0005, "CS", b"") * 30_000,
        sequence(0x0008_1140, b"")[:12] + pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) * 100,
        sequence(0x0008_1140, item(b"") * 30_000),
    ],
)
def test_elements_without_end_are_given_up(endless: bytes) -> None:
    assert head_of(explicit(0x0008_0005, "CS", b"") + endless).state is State.ENDLESS


@given(st.sampled_from([*ENCODINGS, EXPLICIT]), st.binary(max_size=300), st.integers(1, 40))
def test_no_bytes_make_it_fail(transfer_syntax: str, data: bytes, step: int) -> None:
    head_of(data, transfer_syntax, step)


@given(st.integers(1, 60), st.integers(0, 200), st.integers(0, 255))
def test_no_altered_byte_makes_it_fail(step: int, place: int, value: int) -> None:
    data = bytearray(IDENTITY + sequence(0x0008_1140, item(IDENTITY)) + STUDY + END)
    data[place % len(data)] = value

    whole, pieces = head_of(bytes(data)), head_of(bytes(data), step=step)

    assert (whole.values, whole.state) == (pieces.values, pieces.state)
    assert pieces._reader is None or len(pieces._reader._rest) < 2048
