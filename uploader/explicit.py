"""Data sets rewritten in Explicit VR Little Endian, the default of web services (PS3.18 8.7.3).

Values are copied as they are, never decoded: what a modality put into them arrives. Of constant
memory, and the same input always makes the same output.
"""

import struct
import zlib
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, Protocol

from uploader.elements import (
    DEEPEST,
    EXPLICIT_BE,
    IMPLICIT_LE,
    ITEM,
    ITEM_DELIMITER,
    LONG_VRS,
    SEQUENCE_DELIMITER,
    UNDEFINED,
    Element,
    Malformed,
    next_element,
)

COPY = 1024 * 1024  # bytes at a time
LONGEST_SHORT = 0xFFFF  # PS3.5 7.1.2: what a 16-bit length can say
LARGEST_INFLATED = 2 * 1024**3  # bytes; a bomb must not fill the spool's disk
META = b"\2\0"  # group 0002, which no data set has (PS3.10 7.1)
BITS_ALLOCATED = 0x00280100
WORD = 16  # bits
PIXEL_DATA = 0x7FE00010
PIXEL_REPRESENTATION = 0x00280103
PRIVATE_CREATORS = range(0x0010, 0x0100)  # PS3.5 7.8.1

# PS3.5 A.1: without a VR, pixel and overlay data are OW; so are tables, whatever their descriptor.
AMBIGUOUS = {"OB or OW": b"OW", "US or OW": b"OW", "US or SS or OW": b"OW"}
SIGNED = {"US or SS": (b"US", b"SS")}  # by Pixel Representation (PS3.3 C.7.6.3.1)
# Bytes of the units that have an order (PS3.5 7.3)
UNITS = {
    **dict.fromkeys((b"AT", b"OW", b"SS", b"US"), "H"),
    **dict.fromkeys((b"FL", b"OF", b"OL", b"SL", b"UL"), "I"),
    **dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), "Q"),
}


class Rewriter(Protocol):
    def rewrite(self) -> None:
        """From where the source stands to its end. Raises Malformed."""
        ...


class FromImplicit:
    """Implicit VR Little Endian. Sequences get an undefined length, as their sizes change."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target

    def rewrite(self) -> None:
        self._level(None, depth=0, signed=False)

    def _level(self, end: int | None, *, depth: int, signed: bool) -> None:
        """Elements up to `end`, a delimiter, or at the outermost level the end of the file."""
        while end is None or self._source.tell() < end:
            element = next_element(self._source, IMPLICIT_LE)
            if element is None and depth == 0:
                return
            if element is None:
                raise Malformed("ends within an item")
            if element.tag == ITEM_DELIMITER and depth:
                return
            if element.tag == PIXEL_REPRESENTATION:
                signed = self._peek(element.length)[:1] == b"\1"
            self._element(element, depth=depth, signed=signed)

    def _peek(self, length: int) -> bytes:
        value = self._source.read(min(length, 2))
        self._source.seek(-len(value), 1)
        return value

    def _element(self, element: Element, *, depth: int, signed: bool) -> None:
        tag = element.tag
        if not tag & 0xFFFF:  # a group length, which would be wrong now (PS3.5 7.2)
            _skip(self._source, element.length)
            return
        vr = _vr(tag, element.length, signed=signed)
        if vr == b"SQ":
            self._target.write(_header(tag, vr, UNDEFINED))
            self._sequence(element.length, depth=depth + 1, signed=signed)
            return
        if element.length == UNDEFINED:
            raise Malformed("has a value of undefined length that is no sequence")
        if vr not in LONG_VRS and element.length > LONGEST_SHORT:
            vr = b"UN"  # PS3.5 6.2.2 note 3
        self._target.write(_header(tag, vr, element.length))
        for chunk in _value(self._source, element.length):
            self._target.write(chunk)

    def _sequence(self, length: int, *, depth: int, signed: bool) -> None:
        if depth > DEEPEST:
            raise Malformed("is nested too deeply")
        end = None if length == UNDEFINED else self._source.tell() + length
        while end is None or self._source.tell() < end:
            item = next_element(self._source, IMPLICIT_LE)
            if item is None:
                raise Malformed("ends within a sequence")
            if item.tag == SEQUENCE_DELIMITER:
                break
            if item.tag != ITEM:
                raise Malformed("has a sequence without items")
            within = None if item.length == UNDEFINED else self._source.tell() + item.length
            self._target.write(_delimiter(ITEM, UNDEFINED))
            self._level(within, depth=depth, signed=signed)
            self._target.write(_delimiter(ITEM_DELIMITER, 0))
        self._target.write(_delimiter(SEQUENCE_DELIMITER, 0))


class FromBigEndian:
    """Explicit VR Big Endian. Every length stays; only the order of bytes changes."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target
        self._wide = False  # some pixels here have more bits than a word of OW

    def rewrite(self) -> None:
        """Flat: items and delimiters are headers like others, and their content follows."""
        while element := next_element(self._source, EXPLICIT_BE):
            if element.tag >> 16 == ITEM >> 16:
                self._target.write(_delimiter(element.tag, element.length))
                continue
            self._target.write(_header(element.tag, element.vr, element.length))
            if element.vr == b"SQ":
                continue
            if element.length == UNDEFINED:  # PS3.5 6.2.2: UN then hides implicit little endian
                raise Malformed("has a value of undefined length that is no sequence")
            self._value(element)

    def _value(self, element: Element) -> None:
        if element.tag == PIXEL_DATA and element.vr == b"OW" and self._wide:
            # PS3.5 8.1.1 swaps words, toolkits swap pixels: a guess could change a dose.
            raise Malformed("has big-endian pixels of more than 16 bits")
        unit = UNITS.get(element.vr)
        for read in _value(self._source, element.length):
            chunk = _swapped(read, unit) if unit else read
            if element.tag == BITS_ALLOCATED and int.from_bytes(chunk[:2], "little") > WORD:
                self._wide = True
            self._target.write(chunk)


class FromDeflated:
    """Deflated Explicit VR Little Endian (PS3.5 A.5): only unpacked."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._target = target

    def rewrite(self) -> None:
        unpack = zlib.decompressobj(-zlib.MAX_WBITS)
        size = 0
        for packed in iter(lambda: self._source.read(COPY), b""):
            data = packed
            while data and not unpack.eof:
                try:
                    chunk = unpack.decompress(data, COPY)
                except zlib.error:
                    raise Malformed("is not deflated as it says") from None
                data = unpack.unconsumed_tail
                if not size and chunk.startswith(META):
                    raise Malformed("begins with file meta information")
                size += len(chunk)
                if size > LARGEST_INFLATED:
                    raise Malformed("is larger than 2 GiB when inflated")
                self._target.write(chunk)
        self._target.write(unpack.flush())
        if not unpack.eof:
            raise Malformed("ends within its deflated data")


def _vr(tag: int, length: int, *, signed: bool) -> bytes:
    """Private ones stay UN: nobody's dictionary is everybody's, and UN keeps the bytes."""
    if tag >> 16 & 1:
        if length == UNDEFINED:
            return b"SQ"
        return b"LO" if tag & 0xFFFF in PRIVATE_CREATORS else b"UN"
    vr = _known(tag)
    if not vr:
        return b"SQ" if length == UNDEFINED else b"UN"
    if vr in SIGNED:
        return SIGNED[vr][signed]
    return AMBIGUOUS.get(vr) or vr.encode()


@lru_cache(maxsize=4096)  # the data dictionary has some 5,000, an instance a few hundred
def _known(tag: int) -> str:
    # 30 MB in each worker, and most of the time that it takes to start; few ever convert anything.
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""


def _header(tag: int, vr: bytes, length: int) -> bytes:
    start = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    return start + (struct.pack("<HI", 0, length) if vr in LONG_VRS else struct.pack("<H", length))


def _delimiter(tag: int, length: int) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)


def _value(source: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        chunk = source.read(min(COPY, length))
        if not chunk:
            raise Malformed("ends within a value")
        length -= len(chunk)
        yield chunk


def _skip(source: BinaryIO, length: int) -> None:
    for _ in _value(source, length):
        pass


def _swapped(chunk: bytes, unit: str) -> bytes:
    words = array(unit)
    whole = len(chunk) - len(chunk) % words.itemsize  # an odd rest belongs to no unit
    words.frombytes(chunk[:whole])
    words.byteswap()
    return words.tobytes() + chunk[whole:]
