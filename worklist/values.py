"""Values of attributes as bytes: cut to what a VR allows, padded, in a character set."""

import struct
import unicodedata
from collections.abc import Callable

from worklist.charset import NAME_DELIMITERS, TEXT_DELIMITERS, Charset
from worklist.dicomjson import Texts
from worklist.elements import BLOCK_VRS, CHARSET_VRS, LONG_VRS, NUMBERS, TEXT_VRS, Writer
from worklist.match import clean_date, clean_time

Encoder = Callable[[Texts, Charset], bytes]

# Characters of a value, PS3.5 Table 6.2-1; of each component group in PN.
LONGEST = {
    "AE": 16, "AS": 4, "CS": 16, "DS": 16, "DT": 26, "IS": 12, "LO": 64, "LT": 10240, "PN": 64,
    "SH": 16, "ST": 1024, "TM": 14, "UI": 64,
}  # fmt: skip
_UNLIMITED = 1 << 30
_LONGEST_SHORT = 0xFFFE  # bytes where a length has 16 bits (PS3.5 7.1.2)
_LINES = frozenset("\r\n\f\t")
_CUT_IS_WRONG = frozenset(("AS", "DS", "DT", "IS", "TM", "UI"))  # part of a number is another


def encoder(vr: str, writer: Writer) -> Encoder:
    """What writes values of a VR; it raises Unencodable if the character set lacks something."""
    encode = _encoder(vr, writer)
    if vr in LONG_VRS:
        return encode

    def short(values: Texts, sets: Charset) -> bytes:
        data = encode(values, sets)
        return data if len(data) <= _LONGEST_SHORT else b""

    return short


def _encoder(vr: str, writer: Writer) -> Encoder:
    if vr in NUMBERS:
        return lambda values, _sets: b"".join(_number(value, vr, writer) for value in values)
    if vr == "DA":
        return _cleaned(clean_date)
    if vr == "TM":
        return _cleaned(clean_time)
    if vr in TEXT_VRS:
        return _text(vr)
    return lambda _values, _sets: b""  # binary has no place in a worklist


def _number(value: str, vr: str, writer: Writer) -> bytes:
    try:
        return writer.number(vr, value)
    except (ValueError, OverflowError, struct.error):
        return b""


def _cleaned(clean: Callable[[str], str]) -> Encoder:
    def encode(values: Texts, _sets: Charset) -> bytes:
        data = "\\".join(map(clean, values)).encode("ascii")
        return data + b" " if len(data) & 1 else data

    return encode


def _text(vr: str) -> Encoder:
    longest = LONGEST.get(vr, _UNLIMITED)
    delimiters = NAME_DELIMITERS if vr == "PN" else TEXT_DELIMITERS
    padding = b"\0" if vr == "UI" else b" "

    def encode(values: Texts, sets: Charset) -> bytes:
        text = values[0] if len(values) == 1 else "\\".join(values)
        if len(text) > longest or not text.isascii() or not text.isprintable():
            text = allowed(text, vr)
        data = text.encode("ascii") if text.isascii() else sets.encode(text, delimiters)
        return data + padding if len(data) & 1 else data

    return encode


def allowed(text: str, vr: str) -> str:
    """Without control characters, each value cut to its greatest length."""
    lines = vr in BLOCK_VRS
    text = "".join(each for each in text if not _control(each) or (lines and each in _LINES))
    if vr not in CHARSET_VRS and not text.isascii():
        return ""  # of the default repertoire only
    if vr in BLOCK_VRS:
        return text[: LONGEST.get(vr, _UNLIMITED)]
    return "\\".join(_cut(each, vr) for each in text.split("\\"))


def _control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"


def _cut(value: str, vr: str) -> str:
    longest = LONGEST.get(vr, _UNLIMITED)
    if vr == "PN":
        return "=".join(group[:longest] for group in value.split("="))
    value = value.strip() if len(value) > longest else value
    if vr in _CUT_IS_WRONG and len(value) > longest:
        return ""
    return value[:longest]
