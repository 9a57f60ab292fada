"""Data elements as bytes (PS3.5 chapter 7), read and written without a data set object between."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydicom.datadict import dictionary_VR
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_ENDS, SEQUENCE_ENDS = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
DEEPEST = 16  # sequences in sequences; the deepest of PS3.4 Table K.6-1 is 4
# bytes, inflated too; real ones have about 1,000. Of a MiB of asterisks a test was made for 12 s.
LONGEST_IDENTIFIER = 1 << 15

LONG_VRS = frozenset(  # PS3.5 Table 7.1-1
    ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
)
CHARSET_VRS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))  # PS3.5 6.1.2.3
BLOCK_VRS = frozenset(("LT", "ST", "UR", "UT"))  # a backslash is no delimiter in these
TEXT_VRS = CHARSET_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
NUMBERS = {
    "FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q",
}  # fmt: skip


class Unreadable(ValueError):
    """The bytes are no data set in the transfer syntax that was agreed on."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a transfer syntax writes data elements (PS3.5 Annex A)."""

    explicit: bool
    order: str = "<"
    deflated: bool = False


SYNTAXES = {
    str(ImplicitVRLittleEndian): Syntax(explicit=False),
    str(ExplicitVRLittleEndian): Syntax(explicit=True),
    str(ExplicitVRBigEndian): Syntax(explicit=True, order=">"),
    str(DeflatedExplicitVRLittleEndian): Syntax(explicit=True, deflated=True),
}


@dataclass(frozen=True, slots=True)
class Element:
    tag: int
    vr: str  # as read, else of the dictionary; SQ if there are items
    value: bytes
    items: tuple[tuple["Element", ...], ...] | None = None


@lru_cache(maxsize=4096)
def vr_of(tag: int) -> str:
    """The dictionary's VR, UN if it knows none."""
    try:
        return dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        return "UN"


def read(data: bytes, syntax: Syntax) -> tuple[Element, ...]:
    """All elements of a data set; Unreadable if the bytes end early or make no sense."""
    if syntax.deflated:
        data = _inflated(data)
    try:
        return tuple(_Reader(data, syntax).elements(0, len(data)))
    except (struct.error, UnicodeDecodeError):
        raise Unreadable from None


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = stream.decompress(data, LONGEST_IDENTIFIER)
    except zlib.error:
        raise Unreadable from None
    if stream.unconsumed_tail:
        raise Unreadable
    return inflated


def numbers(value: bytes, vr: str, syntax: Syntax) -> tuple[str, ...]:
    """Binary numbers as text; a value of odd length is no number."""
    layout = struct.Struct(syntax.order + NUMBERS[vr])
    if len(value) % layout.size:
        return ()
    return tuple(f"{number:g}" for (number,) in layout.iter_unpack(value))


class _Reader:
    def __init__(self, data: bytes, syntax: Syntax, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise Unreadable
        self._data, self._syntax, self._depth = data, syntax, depth
        self._tag_and_length = struct.Struct(syntax.order + "HHI")
        self.position = 0

    def elements(self, start: int, end: int) -> Iterator[Element]:
        """Elements up to `end`, or, if that is undefined, up to a delimiter."""
        self.position = start
        while self.position < end or end == UNDEFINED:
            tag, vr, length = self._header()
            if tag == ITEM_ENDS:
                if end == UNDEFINED:
                    return
                raise Unreadable
            yield self._element(tag, vr, length)
        if self.position > end:
            raise Unreadable

    def _header(self) -> tuple[int, str, int]:
        group, number, length = self._tag_and_length.unpack_from(self._data, self.position)
        tag = group << 16 | number
        self.position += 8
        if not self._syntax.explicit or group == ITEM >> 16:
            return tag, "", length
        vr = self._data[self.position - 4 : self.position - 2].decode("ascii")
        if not vr.isalpha() or not vr.isupper():
            raise Unreadable
        order = self._syntax.order
        if vr not in LONG_VRS:
            return tag, vr, struct.unpack_from(order + "H", self._data, self.position - 2)[0]
        self.position += 4
        return tag, vr, struct.unpack_from(order + "I", self._data, self.position - 4)[0]

    def _element(self, tag: int, vr: str, length: int) -> Element:
        known = vr_of(tag)
        if vr == "SQ" or length == UNDEFINED or (known == "SQ" and vr in {"", "UN"}):
            return Element(tag, "SQ", b"", tuple(self._items(length, implicit=vr == "UN")))
        if self.position + length > len(self._data):
            raise Unreadable
        value = self._data[self.position : self.position + length]
        self.position += length
        return Element(tag, vr or known, value)

    def _items(self, length: int, *, implicit: bool) -> Iterator[tuple[Element, ...]]:
        """Items of a sequence. One of VR UN is written in Implicit VR (PS3.5 6.2.2)."""
        end = length if length == UNDEFINED else self.position + length
        syntax = Syntax(explicit=False) if implicit else self._syntax
        while self.position < end or end == UNDEFINED:
            tag, _, item_length = self._header()
            if tag == SEQUENCE_ENDS and end == UNDEFINED:
                return
            if tag != ITEM:
                raise Unreadable
            inside = _Reader(self._data, syntax, self._depth + 1)
            item_end = item_length if item_length == UNDEFINED else self.position + item_length
            yield tuple(inside.elements(self.position, item_end))
            self.position = inside.position
        if self.position > end:
            raise Unreadable


class Writer:
    """Writes elements in one transfer syntax; what does not depend on a value is made once."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self._length16 = struct.Struct(syntax.order + "H").pack
        self._length32 = struct.Struct(syntax.order + "I").pack
        self._item = self._tag(ITEM)

    def _tag(self, tag: int) -> bytes:
        return struct.pack(self._syntax.order + "HH", tag >> 16, tag & 0xFFFF)

    def header(self, tag: int, vr: str) -> bytes:
        """All that stands before the length."""
        if not self._syntax.explicit:
            return self._tag(tag)
        return self._tag(tag) + vr.encode("ascii") + (b"\0\0" if vr in LONG_VRS else b"")

    def element(self, header: bytes, value: bytes) -> bytes:
        """A header as made before, its length and its value, which has even length."""
        if self._syntax.explicit and len(header) == SHORT_HEADER:
            return header + self._length16(len(value)) + value
        return header + self._length32(len(value)) + value

    def sequence(self, header: bytes, items: list[bytes]) -> bytes:
        content = b"".join(self._item + self._length32(len(each)) + each for each in items)
        return header + self._length32(len(content)) + content

    def number(self, vr: str, text: str) -> bytes:
        code = NUMBERS[vr]
        value = float(text) if code in "df" else int(float(text))
        return struct.pack(self._syntax.order + code, value)

    def finish(self, elements: list[bytes]) -> bytes:
        data = b"".join(elements)
        if not self._syntax.deflated:
            return data
        stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        deflated = stream.compress(data) + stream.flush()
        return deflated + b"\0" * (len(deflated) % 2)


SHORT_HEADER = 6  # tag and VR: a length of 16 bits follows
