"""The identifier of a C-FIND request as matching and return keys (PS3.4 C.2.2.1)."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from worklist.charset import NAME_DELIMITERS, TEXT_DELIMITERS, Charset, charset
from worklist.elements import (
    BLOCK_VRS,
    CHARSET_VRS,
    NUMBERS,
    TEXT_VRS,
    Element,
    Syntax,
    Unreadable,
    numbers,
    read,
    vr_of,
)

SPECIFIC_CHARACTER_SET = 0x00080005
TIMEZONE_OFFSET = 0x00080201
SCHEDULED_STEPS = 0x00400100  # Scheduled Procedure Step Sequence
# Query/Retrieve Level has no place in a worklist query, but some modalities send it.
IGNORED = frozenset({0x00080052})
IGNORED_GROUPS = frozenset({0x0000, 0x0002})


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute of the query. Without values, or items, it only asks for return."""

    tag: int
    vr: str
    values: tuple[str, ...] = ()  # without padding; never ("",)
    keys: "Keys | None" = None  # of the item of a sequence; None: the whole item is asked for


Keys = dict[int, Key]


@dataclass(frozen=True, slots=True)
class Identifier:
    keys: Keys
    terms: tuple[str, ...] = ()  # Specific Character Set as sent
    offset: str = ""  # Timezone Offset From UTC as sent
    oddities: tuple[str, ...] = ()  # what was tolerated, for the log; no values
    steps: Keys | None = field(default=None)  # keys of the Scheduled Procedure Step item


def parse(data: bytes, syntax: Syntax, assumed: str) -> Identifier:
    """Read an identifier; Unreadable if it is none. A character set never fails a query."""
    elements = read(data, syntax)
    terms = _terms(elements)
    reader = _KeyReader(syntax, assumed)
    keys = reader.keys(elements, charset(terms, assumed))
    offset = keys.pop(TIMEZONE_OFFSET, None)
    keys.pop(SPECIFIC_CHARACTER_SET, None)
    steps = keys.get(SCHEDULED_STEPS)
    return Identifier(
        keys,
        terms,
        offset.values[0] if offset and offset.values else "",
        tuple(sorted(reader.oddities)),
        steps.keys if steps else None,
    )


def _terms(elements: Iterable[Element]) -> tuple[str, ...]:
    for each in elements:
        if each.tag == SPECIFIC_CHARACTER_SET and each.value.strip(b" \0"):
            return tuple(each.value.decode("latin-1").split("\\"))
    return ()


class _KeyReader:
    def __init__(self, syntax: Syntax, assumed: str) -> None:
        self.oddities: set[str] = set()
        self._syntax, self._assumed = syntax, assumed

    def keys(self, elements: Iterable[Element], inherited: Charset) -> Keys:
        elements = tuple(elements)
        own = _terms(elements)
        sets = charset(own, self._assumed) if own else inherited
        return {
            each.tag: self._key(each, sets)
            for each in elements
            if each.tag >> 16 not in IGNORED_GROUPS
            and each.tag & 0xFFFF  # no group length
            and each.tag not in IGNORED
        }

    def _key(self, element: Element, sets: Charset) -> Key:
        known = vr_of(element.tag)
        if element.items is not None:
            return self._sequence(element, known, sets)
        if known == "SQ":
            if element.value:
                raise Unreadable
            return Key(element.tag, "SQ")
        vr = element.vr if known == "UN" else known
        if vr != element.vr:
            self.oddities.add(f"{element.tag:08X} has VR {element.vr}")
        if vr in NUMBERS:
            return Key(element.tag, vr, numbers(element.value, vr, self._syntax))
        return Key(element.tag, vr, _texts(element.value, vr, sets))

    def _sequence(self, element: Element, known: str, sets: Charset) -> Key:
        if known not in {"SQ", "UN"}:
            raise Unreadable
        items = element.items or ()
        if len(items) > 1:  # PS3.4 C.2.2.2.6: one item; the first is used
            self.oddities.add(f"{element.tag:08X} has {len(items)} items")
        keys = self.keys(items[0], sets) if items else None
        return Key(element.tag, "SQ", keys=keys or None)


def _texts(value: bytes, vr: str, sets: Charset) -> tuple[str, ...]:
    if vr not in TEXT_VRS:
        return ()  # binary: no matching is defined (PS3.4 C.2.2.2)
    if vr in CHARSET_VRS:
        text = sets.decode(value, NAME_DELIMITERS if vr == "PN" else TEXT_DELIMITERS)
    else:
        text = value.decode("latin-1")
    text = unicodedata.normalize("NFC", text)
    parts = [text] if vr in BLOCK_VRS else text.split("\\")
    return tuple(part for each in parts if (part := each.strip(" \0\r\n\t")))
