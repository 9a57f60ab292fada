"""Conversion to Explicit VR Little Endian, with pydicom as the second opinion."""

import hashlib
import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement

from tests.support.instances import header
from tests.support.pydicom_files import Storable, storable_files
from uploader.elements import Malformed
from uploader.explicit import FromImplicit
from uploader.instance import read_instance
from uploader.transcode import FORBIDDEN, Transcoder, convert

IMPLICIT, BIG_ENDIAN, DEFLATED = FORBIDDEN
EXPLICIT = "1.2.840.10008.1.2.1"
CONVERTIBLE = [each for each in storable_files() if each.transfer_syntax_uid in FORBIDDEN]

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of what is odd


UNCONVERTIBLE = {
    "rtdose_expb.dcm": "more than 16 bits",
    "rtdose_expb_1frame.dcm": "more than 16 bits",
    "rtplan_truncated.dcm": "ends within",
}


def swapped(words: bytes) -> bytes:
    return b"".join(words[at + 1 : at - 1 if at else None : -1] for at in range(0, len(words), 2))


def converted(path: Path) -> bytes:
    target = io.BytesIO()
    convert(read_instance(path), target)
    return target.getvalue()


def same(ours: DataElement, theirs: DataElement) -> bool:
    if ours.VR == "SQ" and theirs.VR == "SQ":
        return len(ours.value) == len(theirs.value) and all(map(equal, ours.value, theirs.value))
    return bool(ours.VR == "UN" or ours.value == theirs.value)


def equal(ours: Dataset, theirs: Dataset) -> bool:
    """Group lengths apart; values in VR UN are compared as bytes elsewhere."""
    tags = {tag for tag in theirs.keys() if tag.element}  # noqa: SIM118  # a Dataset yields elements
    found = {tag for tag in ours.keys() if tag.element}  # noqa: SIM118
    return found == tags and all(same(ours[tag], theirs[tag]) for tag in tags)


@pytest.mark.parametrize("file", CONVERTIBLE, ids=lambda file: file.path.name)
def test_pydicom_finds_in_a_converted_file_what_was_in_the_original(file: Storable) -> None:
    original = dcmread(file.path)
    if file.path.name in UNCONVERTIBLE:
        with pytest.raises(Malformed, match=UNCONVERTIBLE[file.path.name]):
            converted(file.path)
        return

    found = dcmread(io.BytesIO(converted(file.path)))
    if file.transfer_syntax_uid == BIG_ENDIAN and found["PixelData"].VR == "OW":
        original.PixelData = swapped(original.PixelData)  # pydicom leaves that to its reader

    assert found.file_meta.TransferSyntaxUID == EXPLICIT
    assert equal(found, original)


@pytest.mark.parametrize("file", CONVERTIBLE[:10], ids=lambda file: file.path.name)
def test_all_else_of_group_0002_stays(file: Storable) -> None:
    before = dcmread(file.path, stop_before_pixels=True).file_meta
    after = dcmread(io.BytesIO(converted(file.path)), stop_before_pixels=True).file_meta

    for meta in (before, after):
        del meta.TransferSyntaxUID
        del meta.FileMetaInformationGroupLength
    assert before == after


def test_enough_files_were_compared() -> None:
    syntaxes = [each.transfer_syntax_uid for each in CONVERTIBLE]

    assert {syntax: syntaxes.count(syntax) > 0 for syntax in FORBIDDEN} == dict.fromkeys(
        FORBIDDEN, True
    )


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    length = len(value) if length is None else length
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length) + value


def item(content: bytes, *, undefined: bool) -> bytes:
    if undefined:
        return implicit(0xFFFEE000, content, 0xFFFFFFFF) + implicit(0xFFFEE00D, b"")
    return implicit(0xFFFEE000, content)


def sequence(tag: int, *items: bytes, undefined: bool) -> bytes:
    if undefined:
        return implicit(tag, b"".join(items), 0xFFFFFFFF) + implicit(0xFFFEE0DD, b"")
    return implicit(tag, b"".join(items))


def explicit(data_set: bytes) -> bytes:
    target = io.BytesIO()
    FromImplicit(io.BytesIO(data_set), target).rewrite()
    return target.getvalue()


def read(data_set: bytes) -> Dataset:
    return dcmread(io.BytesIO(header("1.2.3") + data_set))


@pytest.mark.parametrize("undefined", [True, False])
def test_sequences_keep_their_nesting(*, undefined: bool) -> None:
    inner = sequence(
        0x00081140,
        item(implicit(0x00081155, b"1.2\0"), undefined=undefined),
        item(b"", undefined=not undefined),
        undefined=undefined,
    )
    data_set = sequence(0x00081115, item(inner, undefined=undefined), undefined=not undefined)

    found = read(explicit(data_set))

    [series] = found.ReferencedSeriesSequence
    first, second = series.ReferencedImageSequence
    assert first.ReferencedSOPInstanceUID == "1.2"
    assert len(second) == 0


@pytest.mark.parametrize(("representation", "vr"), [(0, "US"), (1, "SS"), (None, "US")])
def test_a_smallest_pixel_value_is_signed_as_the_pixels_are(
    representation: int | None, vr: str
) -> None:
    data_set = implicit(0x00280106, b"\xff\xff")
    if representation is not None:
        data_set = implicit(0x00280103, struct.pack("<H", representation)) + data_set

    assert vr == read(explicit(data_set))["SmallestImagePixelValue"].VR


def test_an_item_has_the_signedness_of_its_own_pixels() -> None:
    icon = item(implicit(0x00280103, b"\1\0") + implicit(0x00280106, b"\xff\xff"), undefined=True)
    data_set = (
        implicit(0x00280103, b"\0\0")
        + sequence(0x00880200, icon, undefined=True)
        + implicit(0x30040002, b"GY")
    )

    found = read(explicit(data_set))

    assert found.IconImageSequence[0]["SmallestImagePixelValue"].VR == "SS"


def test_what_no_dictionary_knows_becomes_un_with_its_bytes() -> None:
    data_set = (
        implicit(0x00091001, b"\1\2\3\4")  # private, and no creator
        + implicit(0x000B0010, b"ACME")
        + implicit(0x000B1000, b"secret")
        + implicit(0x00082FF0, b"odd")  # odd length too
    )
    data_set = b"".join(sorted([data_set]))

    found = explicit(data_set)

    assert found.startswith(b"\x09\0\x01\x10UN\0\0\4\0\0\0\1\2\3\4")
    assert b"\x0b\0\x10\0LO\4\0ACME" in found
    assert b"\x0b\0\x00\x10UN\0\0\6\0\0\0secret" in found
    assert b"\x08\0\xf0\x2fUN\0\0\3\0\0\0odd" in found


def test_text_too_long_for_its_vr_becomes_un() -> None:
    found = explicit(implicit(0x00104000, b"x" * 65536))  # PatientComments, LT

    assert found[4:6] == b"UN"
    assert found[12:] == b"x" * 65536


def test_group_lengths_go() -> None:
    assert explicit(implicit(0x00080000, b"\4\0\0\0") + implicit(0x00080060, b"CT")) == (
        b"\x08\0\x60\0CS\2\0CT"
    )


MALFORMED = {
    "cut in a header": implicit(0x00080060, b"CT")[:6],
    "cut in a value": implicit(0x7FE00010, b"xx", 1000),
    "a sequence without items": implicit(0x00081140, b"notitems"),
    "an endless sequence": implicit(0x00081140, b"", 0xFFFFFFFF),
    "an endless item": implicit(0x00081140, implicit(0xFFFEE000, b"", 0xFFFFFFFF), 0xFFFFFFFF),
    "encapsulated": implicit(0x7FE00010, b"", 0xFFFFFFFF),
    "nested without end": implicit(0x00081140, b"", 0xFFFFFFFF)
    + (implicit(0xFFFEE000, b"", 0xFFFFFFFF) + implicit(0x00081140, b"", 0xFFFFFFFF)) * 5000,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_data_set_is_not_converted(kind: str) -> None:
    with pytest.raises(Malformed):
        explicit(MALFORMED[kind])


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_converter(noise: bytes) -> None:
    with suppress(Malformed):
        explicit(noise)


def big_endian(tag: int, vr: bytes, value: bytes) -> bytes:
    start = struct.pack(">HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in {b"OW", b"SQ", b"UN"}:
        return start + struct.pack(">HI", 0, len(value)) + value
    return start + struct.pack(">H", len(value)) + value


def test_big_endian_values_change_their_order_by_their_vr(tmp_path: Path) -> None:
    nested = struct.pack(">HHI", 0xFFFE, 0xE000, 10) + big_endian(0x00280010, b"US", b"\1\2")
    data_set = b"".join(
        [
            big_endian(0x00080018, b"UI", b"1.2.3\0"),
            big_endian(0x00081140, b"SQ", nested),
            big_endian(0x00091001, b"UN", b"\1\2\3\4"),
            big_endian(0x00181250, b"FD", struct.pack(">d", 0.5)),
            big_endian(0x00280009, b"AT", b"\x00\x18\x10\x63"),
            big_endian(0x7FE00010, b"OW", b"\1\2\3\4"),
        ]
    )
    path = tmp_path / "big.dcm"
    path.write_bytes(header("1.2.3", BIG_ENDIAN) + data_set)

    found = dcmread(io.BytesIO(converted(path)))

    assert found.ReferencedImageSequence[0].Rows == 0x0102
    assert found[0x00091001].value == b"\1\2\3\4"
    assert found[0x00181250].value == 0.5
    assert found.FrameIncrementPointer == 0x00181063
    assert found.PixelData == b"\2\1\4\3"


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda _: b"\xff" * 50, lambda _: b""])
def test_deflated_data_must_be_whole(tmp_path: Path, damage: "type[bytes]") -> None:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = squeeze.compress(bytes(range(256)) * 100) + squeeze.flush()
    path = tmp_path / "deflated.dcm"
    path.write_bytes(header("1.2.3", DEFLATED) + damage(packed))

    with pytest.raises(Malformed):
        converted(path)


def test_the_same_instance_always_becomes_the_same_bytes() -> None:
    for file in CONVERTIBLE[:5]:
        digests = {hashlib.sha256(converted(file.path)).hexdigest() for _ in range(3)}
        assert len(digests) == 1


def test_a_failed_conversion_leaves_nothing_behind_for_the_next(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.dcm", tmp_path / "good.dcm"
    uid = implicit(0x00080018, b"1.2.3\0")
    bad.write_bytes(header("1.2.3", IMPLICIT) + uid + MALFORMED["cut in a value"])
    good.write_bytes(header("1.2.3", IMPLICIT) + uid)
    transcoder = Transcoder()

    with pytest.raises(Malformed):
        transcoder.part(read_instance(bad))
    part = transcoder.part(read_instance(good))

    assert b"".join(part.chunks()) == converted(good)
    assert {each.name for each in tmp_path.iterdir()} == {"bad.dcm", "good.dcm"}
    transcoder.close()
