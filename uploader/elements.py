"""Data elements as they are encoded (PS3.5 7), value by value, without decoding any."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

UNDEFINED = 0xFFFFFFFF  # PS3.5 7.1.1: up to a delimiter
ITEM = 0xFFFEE000  # PS3.5 7.5
ITEM_DELIMITER = 0xFFFEE00D
SEQUENCE_DELIMITER = 0xFFFEE0DD
DEEPEST = 64  # sequences within sequences; real ones stop at about 8

# VRs with two reserved bytes and a 32-bit length (PS3.5 Table 7.1-1)
LONG_VRS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


class Malformed(ValueError):
    """The bytes are no data set in the encoding they claim."""


# A tag, a VR and a length of 16 bits, and one of 32, by the order of bytes.
_NUMBERS = {order: (struct.Struct(order + "HH2sH"), struct.Struct(order + "I")) for order in "<>"}


class Encoding(NamedTuple):
    implicit: bool
    order: str  # of bytes, as struct writes it: < or >


IMPLICIT_LE = Encoding(implicit=True, order="<")
EXPLICIT_LE = Encoding(implicit=False, order="<")
EXPLICIT_BE = Encoding(implicit=False, order=">")


class Element(NamedTuple):
    tag: int
    vr: bytes  # empty if the encoding does not say: implicit, and items
    length: int
    header: int  # bytes of it


def header(data: bytes, offset: int, encoding: Encoding) -> Element:
    """The element that begins there. Raises struct.error if it is cut short."""
    explicit, long = _NUMBERS[encoding.order]
    group, number, vr, length = explicit.unpack_from(data, offset)
    tag = group << 16 | number
    if encoding.implicit or group == 0xFFFE:  # noqa: PLR2004  # the group of items has no VRs
        [length] = long.unpack_from(data, offset + 4)
        return Element(tag, b"", length, 8)
    if vr in LONG_VRS:
        [length] = long.unpack_from(data, offset + 8)
        return Element(tag, vr, length, 12)
    return Element(tag, vr, length, 8)


def next_element(file: BinaryIO, encoding: Encoding) -> Element | None:
    """Read a header and stand at its value; None at the end of the file."""
    start = file.read(8)
    if not start:
        return None
    try:
        if (
            start[4:6] in LONG_VRS
            and not encoding.implicit
            and start[:2] not in {b"\xfe\xff", b"\xff\xfe"}
        ):
            start += file.read(4)
        return header(start, 0, encoding)
    except struct.error:
        raise Malformed("ends within an element") from None


def elements(file: BinaryIO, encoding: Encoding) -> Iterator[Element]:
    """The elements of one level, up to the end of the file; values not read are skipped."""
    while element := next_element(file, encoding):
        begin = file.tell()
        yield element
        if file.tell() == begin:
            skip(file, element, encoding)


def skip(file: BinaryIO, element: Element, encoding: Encoding, depth: int = 0) -> None:
    """Go past a value, sequences of undefined length item by item."""
    if element.length != UNDEFINED:
        file.seek(element.length, 1)
        return
    if depth > DEEPEST:
        raise Malformed("is nested too deeply")
    if element.vr == b"UN":  # PS3.5 6.2.2 note 2: then implicit VR little endian within
        encoding = IMPLICIT_LE
    ends = ITEM_DELIMITER if element.tag == ITEM else SEQUENCE_DELIMITER
    while inner := next_element(file, encoding):
        if inner.tag == ends:
            return
        skip(file, inner, encoding, depth + 1)
    raise Malformed("ends within a sequence")
