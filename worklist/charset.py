"""Specific Character Set (0008,0005): read queries leniently, write answers without loss.

Text that a set cannot carry is never altered: `encode` raises and the caller tries another set.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

UTF8 = "ISO_IR 192"
ESCAPE = "\x1b"
NAME_DELIMITERS = "^=\\"  # after these, and in other text after the next, value 1 is active again
TEXT_DELIMITERS = "\\\r\n\f\t"  # PS3.5 6.1.2.5.3
_MOST_REMEMBERED = 20_000  # characters per character set list


class Unencodable(ValueError):
    """No set of the list has this character."""


def _two_bytes(lead: bytes) -> Callable[[str], bytes | None]:
    """JIS X 0208 and 0212 as Python's EUC-JP has them, moved to seven bits."""

    def encode(character: str) -> bytes | None:
        code = character.encode("euc_jp", "ignore")
        if not code.startswith(lead) or len(code) != len(lead) + 2 or code[0] == _KATAKANA:
            return None
        return bytes(byte & 0x7F for byte in code[len(lead) :])

    return encode


def _by(codec: str, length: int) -> Callable[[str], bytes | None]:
    def encode(character: str) -> bytes | None:
        code = character.encode(codec, "ignore")
        return code if len(code) == length else None

    return encode


_KATAKANA = 0x8E  # that EUC-JP puts before a half-width katakana


@dataclass(frozen=True, slots=True)
class _Set:
    """One coded character set: what designates it (PS3.3 Tables C.12-3, C.12-4) and its code."""

    escape: bytes
    codec: str
    code: Callable[[str], bytes | None]
    in_g0: bool = False  # takes the place of ASCII until that is designated again


def _single(escape: bytes, codec: str) -> _Set:
    return _Set(escape, codec, _by(codec, 1))


_SETS = {
    "100": _single(b"\x1b-A", "latin-1"),
    "101": _single(b"\x1b-B", "iso8859-2"),
    "109": _single(b"\x1b-C", "iso8859-3"),
    "110": _single(b"\x1b-D", "iso8859-4"),
    "144": _single(b"\x1b-L", "iso8859-5"),
    "127": _single(b"\x1b-G", "iso8859-6"),
    "126": _single(b"\x1b-F", "iso8859-7"),
    "138": _single(b"\x1b-H", "iso8859-8"),
    "148": _single(b"\x1b-M", "iso8859-9"),
    "203": _single(b"\x1b-b", "iso8859-15"),
    "166": _single(b"\x1b-T", "iso8859-11"),
    "13": _single(b"\x1b)I", "shift_jis"),
    "149": _Set(b"\x1b$)C", "euc_kr", _by("euc_kr", 2)),
    "58": _Set(b"\x1b$)A", "gb2312", _by("gb2312", 2)),
    "87": _Set(b"\x1b$B", "euc_jp", _two_bytes(b""), in_g0=True),
    "159": _Set(b"\x1b$(D", "euc_jp", _two_bytes(b"\x8f"), in_g0=True),
}
_BY_ESCAPE = {each.escape: each for each in _SETS.values()}
_TO_ASCII = (b"\x1b(B", b"\x1b(J")  # the second is ISO 646 Japan: yen and overline differ
_WHOLE = {UTF8: "utf-8", "GB18030": "gb18030", "GBK": "gbk"}  # without code extensions
_TOKENS = re.compile(rb"(\x1b(?:\$\)[AC]|\$\(D|\$[B@]|[-(),][A-Za-z])|\x1b)")
_NAMED = re.compile(r"ISO[ _-]?(2022)?[ _-]?IR[ _-]?(\d+)")
_OTHER_NAMES = {
    "UTF-8": UTF8, "UTF8": UTF8, "GB2312": "GB18030", "ISO-8859-1": "ISO_IR 100",
    "ISO 8859-1": "ISO_IR 100", "LATIN1": "ISO_IR 100",
}  # fmt: skip


def defined_term(written: str) -> str | None:
    """The term as PS3.3 C.12.1.1.2 spells it; None for one that does not exist."""
    text = written.strip(" \0").upper()
    if match := _NAMED.fullmatch(text):
        number = match[2]
        if number in _SETS or number in {"6", "192"}:
            return f"ISO 2022 IR {number}" if match[1] else f"ISO_IR {number}"
        return None
    if text in _WHOLE:
        return text
    return _OTHER_NAMES.get(text) if text else ""


@dataclass(frozen=True, slots=True)
class Charset:
    """A list of sets, the first of which is active where no escape says otherwise."""

    terms: tuple[str, ...]
    whole: str = ""  # the codec, where one does it all
    sets: tuple[_Set, ...] = ()
    initial: _Set | None = None
    _codes: dict[str, tuple[_Set, bytes]] = field(default_factory=dict, compare=False)

    def encode(self, text: str, delimiters: str = TEXT_DELIMITERS) -> bytes:
        if text.isascii():
            return text.encode("ascii")
        if self.whole:
            try:
                return text.encode(self.whole)
            except UnicodeEncodeError:
                raise Unencodable from None
        return self._with_escapes(text, delimiters)

    def _with_escapes(self, text: str, delimiters: str) -> bytes:
        written = bytearray()
        g0, g1 = None, self.initial
        for character in text:
            if character.isascii():
                written += self._to_ascii if g0 else b""
                written += character.encode("ascii")
                g0, g1 = None, self.initial if character in delimiters else g1
                continue
            used, code = self._code(character)
            if used.in_g0:
                written += b"" if used is g0 else used.escape
                g0 = used
            else:
                written += self._to_ascii if g0 else b""
                written += b"" if used is g1 else used.escape
                g0, g1 = None, used
            written += code
        return bytes(written + (self._to_ascii if g0 else b""))

    @property
    def _to_ascii(self) -> bytes:
        return _TO_ASCII[1] if self.initial is _SETS["13"] else _TO_ASCII[0]

    def _code(self, character: str) -> tuple[_Set, bytes]:
        known = self._codes.get(character)
        if known:
            return known
        for each in self.sets:
            if code := each.code(character):
                if len(self._codes) < _MOST_REMEMBERED:
                    self._codes[character] = (each, code)
                return each, code
        raise Unencodable

    def decode(self, data: bytes, delimiters: str = TEXT_DELIMITERS) -> str:
        """Never fails: what is no text in these sets is read as Latin-1."""
        if data.isascii() and b"\x1b" not in data:
            return data.decode("ascii")
        if self.whole:
            return _decoded(data, self.whole)
        read = []
        g0, g1 = None, self.initial
        for token in _TOKENS.split(data):
            if token in _TO_ASCII:
                g0 = None
            elif designated := _BY_ESCAPE.get(token.replace(b"$@", b"$B")):
                g0, g1 = (designated, g1) if designated.in_g0 else (None, designated)
            elif g0 is not None:
                read.append(_seven_bits(token, g0))
            else:
                text, g1 = self._runs(token, g1, delimiters)
                read.append(text)
        return "".join(read).replace(ESCAPE, "")

    def _runs(self, data: bytes, g1: _Set | None, delimiters: str) -> tuple[str, _Set | None]:
        """Text up to the next escape; after a delimiter the first set is active again."""
        codec = g1.codec if g1 else "ascii"
        delimiter = None if g1 is self.initial else _any_of(delimiters).search(data)
        if not delimiter:
            return _decoded(data, codec), g1
        initial = self.initial.codec if self.initial else "ascii"
        at = delimiter.start()
        return _decoded(data[:at], codec) + _decoded(data[at:], initial), self.initial


@lru_cache(maxsize=8)
def _any_of(delimiters: str) -> re.Pattern[bytes]:
    return re.compile(b"[" + re.escape(delimiters.encode("ascii")) + b"]")


def _seven_bits(data: bytes, used: _Set) -> str:
    lead = b"\x8f" if used.escape == _SETS["159"].escape else b""
    pairs = (data[at : at + 2] for at in range(0, len(data) - 1, 2))
    code = b"".join(lead + bytes(byte | 0x80 for byte in pair) for pair in pairs)
    return _decoded(code, used.codec)


def _decoded(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode("latin-1")


@lru_cache(maxsize=256)
def charset(terms: Sequence[str], assumed: str = "ISO_IR 100") -> Charset:
    """The sets that the values of (0008,0005) name; unknown ones, or none, mean `assumed`."""
    found = tuple(defined_term(each) for each in terms)
    if not any(found) or None in found:
        known = [each for each in found if each]
        found = tuple(known) or (assumed,)
    spelt = tuple(each or "" for each in found)
    if spelt[0] in _WHOLE:
        return Charset(spelt[:1], whole=_WHOLE[spelt[0]])
    numbers = [each.rpartition(" ")[2] for each in spelt]
    sets = tuple(_SETS[number] for number in numbers if number in _SETS)
    first = _SETS.get(numbers[0])
    initial = None if first is None or first.in_g0 else first
    return Charset(spelt, sets=sets, initial=initial)


_LETTERS = str.maketrans({
    "ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l",
    "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "\u0131": "i",
    "\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-",
})  # fmt: skip


class Transliterated(Charset):
    """ASCII for devices that know nothing else: of names the alphabetic group, without accents.

    What cannot be put into ASCII as a whole is left out as a whole.
    """

    def encode(self, text: str, delimiters: str = TEXT_DELIMITERS) -> bytes:
        values = text.split("\\")
        if delimiters == NAME_DELIMITERS:
            values = [value.partition("=")[0] for value in values]
        return "\\".join(map(_in_ascii, values)).encode("ascii")


def _in_ascii(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = "".join(each for each in apart if not unicodedata.combining(each))
    return plain if plain.isascii() else ""


TRANSLITERATED = Transliterated(())
