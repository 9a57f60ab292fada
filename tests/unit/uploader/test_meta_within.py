"""Data sets that begin with group 0002, as no data set may (PS3.10 7.1): whoever reads the file
would take it for the file's own, and the rest for something else.
"""

import struct
import zlib
from pathlib import Path
from typing import Literal

import pytest

from tests.support.instances import header, make
from uploader.instance import DEFLATED, EXPLICIT_VR_BE, IMPLICIT_VR_LE, read_instance
from uploader.outcome import Verdict
from uploader.shipment import NotPacked, Shipment

EXPLICIT, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"
UID = "1.2.3.4"

Transcode = Literal["required", "never"]


def element(syntax: str, tag: int, vr: bytes, value: bytes) -> bytes:
    order = ">" if syntax == EXPLICIT_VR_BE else "<"
    numbers = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if syntax == IMPLICIT_VR_LE:
        return numbers + struct.pack("<I", len(value)) + value
    if vr == b"OB":
        return numbers + vr + struct.pack(order + "HI", 0, len(value)) + value
    return numbers + vr + struct.pack(order + "H", len(value)) + value


def meta(syntax: str) -> bytes:
    """As a whole file has it, which says another transfer syntax than it was sent in."""
    other = (EXPLICIT_VR_BE if syntax != EXPLICIT_VR_BE else EXPLICIT).encode()
    elements = (
        element(syntax, 0x00020001, b"OB", b"\0\1")
        + element(syntax, 0x00020003, b"UI", b"1.2.9\0")
        + element(syntax, 0x00020010, b"UI", other + b"\0" * (len(other) % 2))
    )
    length = struct.pack(">I" if syntax == EXPLICIT_VR_BE else "<I", len(elements))
    return element(syntax, 0x00020000, b"UL", length) + elements


def data_set(syntax: str) -> bytes:
    return (
        element(syntax, 0x00080018, b"UI", UID.encode() + b"\0")
        + element(syntax, 0x00100010, b"PN", b"SYNTHETIC^PATIENT ")
        + element(syntax, 0x00204000, b"LT", bytes(2000))  # zeros read as elements too
    )


def shipped(path: Path, content: bytes, transcode: Transcode) -> bytes:
    path.write_bytes(content)
    with Shipment(transcode) as shipment:
        return b"".join(shipment.part(read_instance(path)).chunks())


@pytest.mark.parametrize("transcode", ["required", "never"])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT_VR_LE, EXPLICIT_VR_BE, JPEG])
def test_it_is_left_out_and_all_else_goes(
    syntax: str, transcode: Transcode, tmp_path: Path
) -> None:
    head, path = header(UID, syntax), tmp_path / "instance.dcm"
    within = shipped(path, head + meta(syntax) + data_set(syntax), transcode)

    assert within == shipped(path, head + data_set(syntax), transcode)
    assert read_instance(path).sop_instance_uid == UID
    assert len(within) > len(head) + 2000


@pytest.mark.parametrize(
    ("syntax", "content"),
    [
        (EXPLICIT, meta(EXPLICIT)),
        (EXPLICIT, meta(EXPLICIT)[:-4]),
        (EXPLICIT, meta(IMPLICIT_VR_LE) + data_set(EXPLICIT)),
        (IMPLICIT_VR_LE, meta(EXPLICIT) + data_set(IMPLICIT_VR_LE)),
    ],
    ids=["nothing else", "cut", "implicit in explicit", "explicit in implicit"],
)
@pytest.mark.parametrize("transcode", ["required", "never"])
def test_what_cannot_be_told_apart_goes_to_quarantine(
    syntax: str, content: bytes, transcode: Transcode, tmp_path: Path
) -> None:
    with pytest.raises(NotPacked) as raised:
        shipped(tmp_path / "instance.dcm", header(UID, syntax) + content, transcode)

    assert raised.value.outcome.verdict is Verdict.REJECTED
    assert "begins with file meta information" in raised.value.outcome.detail


def test_a_deflated_one_is_not_unpacked(tmp_path: Path) -> None:
    """As it is nobody takes it for the file's own: that ends where the data set is deflated."""
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = squeeze.compress(meta(EXPLICIT) + data_set(EXPLICIT)) + squeeze.flush()
    content = header(UID, DEFLATED) + packed

    assert shipped(tmp_path / "instance.dcm", content, "required") == content


@pytest.mark.parametrize("defined", [True, False])
def test_a_sequence_in_front_of_the_uid_hinders_no_conversion(
    tmp_path: Path, *, defined: bool
) -> None:
    code = element(IMPLICIT_VR_LE, 0x00080100, b"SH", b"en")
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(code)) + code
    length = len(item) if defined else 0xFFFFFFFF
    end = b"" if defined else struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    language = struct.pack("<HHI", 0x0008, 0x0006, length) + item + end
    content = header("1.2.9", IMPLICIT_VR_LE) + language + data_set(IMPLICIT_VR_LE)
    path = tmp_path / "instance.dcm"

    sent = shipped(path, content, "required")

    assert read_instance(path).sop_instance_uid == UID
    assert sent.endswith(data_set(EXPLICIT))


def test_what_is_in_another_syntax_than_was_agreed_is_not_converted_into_nothing(
    tmp_path: Path,
) -> None:
    """Explicit where Implicit was agreed: a VR is half of a length, and zeros are group lengths."""
    odd = element(EXPLICIT, 0x00080005, b"CS", b"") + data_set(EXPLICIT)
    skipped = 8 + int.from_bytes(b"CS", "little")
    content = header(UID, IMPLICIT_VR_LE) + odd.ljust(skipped + 8000, b"\0")

    assert shipped(tmp_path / "instance.dcm", content, "required") == content


def test_a_group_length_that_is_wrong_does_not_hide_the_rest_of_the_group(tmp_path: Path) -> None:
    made = make(tmp_path)
    content = bytearray(made.path.read_bytes())
    content[140:144] = struct.pack("<I", 17)
    made.path.write_bytes(content)

    found = read_instance(made.path)

    assert (found.data_set, found.meta_within) == (len(header(made.uid)), False)
