"""Reads the head of a data set element by element (PS3.5 7, A.4). Judges no VR: whoever needs a
data set decoded does that elsewhere.
"""

import zlib
from enum import Enum
from struct import Struct
from typing import NamedTuple

from shared.head_tags import SOP_INSTANCE_UID, STUDY_INSTANCE_UID, TEXT, WANTED
from shared.outline import LONGEST, Span

LONGEST_VALUE = 1024  # bytes; a UID has 64 (PS3.5 9.1), and a few peers pad without measure
MOST_ELEMENTS = 20_000  # some 15 ms; an enhanced multi-frame's head has hundreds, nested ones too
MOST_INFLATED = 1024 * 1024  # bytes of a deflated data set that are looked at
INFLATE_STEP = 16 * 1024  # bytes at a time: a deflate bomb never has more than this in memory
DEEPEST = 32  # levels of sequences

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_UNDEFINED = 0xFFFF_FFFF
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())  # PS3.5 Table 7.1-1
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_VRS = _SHORT | _LONG
_FIRST_VR = slice(4, 6)  # bytes of a data set


class Encoding(NamedTuple):
    """How elements are encoded (PS3.5 Annex A)."""

    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False


EXPLICIT = Encoding()  # every other transfer syntax, private ones too (PS3.5 A.4)
ENCODINGS = {
    "1.2.840.10008.1.2": Encoding(implicit=True),
    "1.2.840.10008.1.2.1.99": Encoding(deflated=True),
    "1.2.840.10008.1.2.2": Encoding(big_endian=True),
    "1.2.840.10008.1.2.4.95": Encoding(deflated=True),  # JPIP Referenced Deflate
    "1.2.840.10008.1.2.4.205": Encoding(deflated=True),  # JPIP HTJ2K Referenced Deflate
    "1.2.840.113619.5.2": Encoding(implicit=True),  # GE private: big-endian pixels alone
}


class State(Enum):
    READING = "reading"
    COMPLETE = "complete"  # everything up to Study Instance UID has been seen
    BROKEN = "broken"  # no data set of this transfer syntax
    ENDLESS = "endless"  # a limit came first


class _Layout:
    def __init__(self, order: str) -> None:
        self.explicit = Struct(order + "HH2sH")
        self.implicit = Struct(order + "HHI")
        self.long = Struct(order + "I")


_LITTLE, _BIG = _Layout("<"), _Layout(">")


class Reader:
    """As of Head, which says what the results mean."""

    __slots__ = (
        "_elements",
        "_implicit",
        "_inflated",
        "_inflater",
        "_layout",
        "_recognised",
        "_rest",
        "_skip",
        "_unknown",
        "end",
        "headers",
        "identified",
        "mislabelled",
        "places",
        "state",
        "values",
    )

    def __init__(self, encoding: Encoding, values: dict[int, str]) -> None:
        """`values`: where to put them."""
        self.state = State.READING
        self.values = values
        self.mislabelled = False
        self.identified = False
        # Where elements had their headers and values, if all of it was in the first fragment
        self.headers: list[Span] = []
        self.places: list[tuple[int, slice]] = []
        self.end = 0  # of the last header
        self._layout = _BIG if encoding.big_endian else _LITTLE
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if encoding.deflated else None
        self._inflated = 0
        self._implicit = [encoding.implicit]  # a level per sequence and item of undefined length
        self._rest = b""  # an element's beginning whose end has not come
        self._skip = 0  # bytes of the next fragments that belong to a value of no interest
        self._elements = 0
        self._recognised = False  # whether its first VR was looked at
        self._unknown = False  # whether the last VR of an explicit one was UN

    def feed(self, fragment: bytes | memoryview) -> None:
        """The next fragment, while the state is READING. Never raises."""
        if self._inflater:
            self._inflate(fragment, self._inflater)
        else:
            self._read(fragment)
        if self.state is not State.READING:
            self.identified = True
        else:
            self.headers.clear()
            self.places.clear()

    def _inflate(self, fragment: bytes | memoryview, inflater: "zlib._Decompress") -> None:
        more: bytes | memoryview = fragment
        full = False  # then zlib may hold back what it has made of all that it was given
        while (more or full) and self.state is State.READING:
            try:
                inflated = inflater.decompress(more, INFLATE_STEP)
            except zlib.error:
                self.state = State.BROKEN
                return
            more, full = inflater.unconsumed_tail, len(inflated) == INFLATE_STEP
            self._inflated += len(inflated)
            self._read(inflated)
            if inflater.eof and self.state is State.READING:
                self.state = State.BROKEN  # else it would collect all that comes after its end
            if self._inflated > MOST_INFLATED and self.state is State.READING:
                self.state = State.ENDLESS

    def _read(self, fragment: bytes | memoryview) -> None:
        data = self._rest + bytes(fragment) if self._rest else fragment
        end = len(data)
        at = self._skip
        if not self._recognised and end >= _FIRST_VR.stop:
            self._recognise(data[_FIRST_VR])
        while self.state is State.READING:
            at = self._pass_over(data, at, end)
            found = self._header(data, at, end) if self.state is State.READING else None
            if found is None:
                break
            tag, length, value = found
            self._note(at, value)
            if len(self._implicit) == 1:
                self._look_at(tag)
                if tag in WANTED and not self._take(tag, data, value, length, end):
                    break
            at = value + self._inside(tag, length)
        self._rest = bytes(data[at:]) if self.state is State.READING else b""
        self._skip = max(0, at - end)

    def _pass_over(self, data: bytes | memoryview, at: int, end: int) -> int:
        """The common case, fast: elements that have a length, and are there whole where somebody
        looks for them, up to the one after Study Instance UID. Any other needs a closer look.
        """
        if self._implicit != [False]:
            return at
        explicit, long = self._layout.explicit.unpack_from, self._layout.long.unpack_from
        tag, passed, most, headers = 0, 0, MOST_ELEMENTS - self._elements, self.headers
        while at + 12 <= end and passed < most:
            group, element, vr, length = explicit(data, at)
            tag = group << 16 | element
            value = at + 8
            if vr not in _SHORT:
                length = long(data, value)[0]
                if vr not in _LONG or length == _UNDEFINED:
                    break
                value += 4
            if at < LONGEST:
                headers.append((at, value))
            if tag > STUDY_INSTANCE_UID:
                self.state, self.end = State.COMPLETE, value
                break
            if tag in WANTED and not self._take(tag, data, value, length, end):
                break
            at = value + length
            passed += 1
        self._elements += passed
        self.identified = self.identified or tag > SOP_INSTANCE_UID
        return at

    def _take(self, tag: int, data: bytes | memoryview, value: int, length: int, end: int) -> bool:
        """Keep a value; False if not all of it is there."""
        if length <= LONGEST_VALUE:
            if value + length > end:
                return False
            place = slice(value, value + length)
            self.values[tag] = text(tag, data[place])
            if value < LONGEST:
                self.places.append((tag, place))
        return True

    def _note(self, at: int, value: int) -> None:
        if at < LONGEST:
            self.headers.append((at, value))
        self.end = value

    def _header(self, data: bytes | memoryview, at: int, end: int) -> tuple[int, int, int] | None:
        """Tag, length, and where the value begins; None if not all of it is there."""
        if at + 8 > end:
            return None
        if self._implicit[-1]:
            group, element, length = self._layout.implicit.unpack_from(data, at)
            return group << 16 | element, length, at + 8
        group, element, vr, short = self._layout.explicit.unpack_from(data, at)
        if group == _ITEM >> 16:  # items and delimiters have no VR (PS3.5 7.5)
            return group << 16 | element, self._layout.long.unpack_from(data, at + 4)[0], at + 8
        if vr in _SHORT:
            return group << 16 | element, short, at + 8
        if vr not in _LONG:
            self.state = State.BROKEN
        if vr not in _LONG or at + 12 > end:
            return None
        self._unknown = vr == b"UN"
        return group << 16 | element, self._layout.long.unpack_from(data, at + 8)[0], at + 12

    def _recognise(self, vr: bytes | memoryview) -> None:
        """Some peers send Implicit VR where Explicit was agreed, or the reverse: the first element
        shows it. A length of Implicit VR that reads as a VR would be of 16 KiB and more.
        """
        self._recognised = True
        implicit = bytes(vr) not in _VRS
        self.mislabelled = implicit is not self._implicit[0]
        self._implicit[0] = implicit

    def _look_at(self, tag: int) -> None:
        """Elements are sorted by tag (PS3.5 7.1): what has been passed will not come."""
        self.identified = self.identified or tag > SOP_INSTANCE_UID
        if tag > STUDY_INSTANCE_UID:
            self.state = State.COMPLETE

    def _inside(self, tag: int, length: int) -> int:
        """Bytes to skip: the value, or none where the length is undefined and items follow."""
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._implicit) > DEEPEST:
            self.state = State.ENDLESS
        if tag in {_ITEM_END, _SEQUENCE_END} and len(self._implicit) > 1:
            self._implicit.pop()
            return 0
        if length != _UNDEFINED:
            return length
        # What is inside UN is Implicit VR, whatever is around it (PS3.5 6.2.2).
        self._implicit.append(self._implicit[-1] or (self._unknown and tag != _ITEM))
        return 0


def text(tag: int, value: bytes | memoryview) -> str:
    """Names come in the character set of the data set, of which two are told apart: most are
    ISO_IR 192 or ISO_IR 100.
    """
    if tag not in TEXT:
        return str(value, "ascii", "replace").strip(" \0")
    encoded = bytes(value)
    try:
        return encoded.decode().strip(" \0")
    except UnicodeDecodeError:
        return encoded.decode("latin-1").strip(" \0")
