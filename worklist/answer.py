"""Answers: exactly the keys that were requested, encoded straight from a workitem."""

from bisect import bisect
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from worklist.charset import Charset, Unencodable
from worklist.dialects import Dialect
from worklist.dicomjson import DataSet, Texts, items, texts, vr_in
from worklist.elements import Syntax, Writer, vr_of
from worklist.identifier import (
    SCHEDULED_STEPS,
    SPECIFIC_CHARACTER_SET,
    TIMEZONE_OFFSET,
    Identifier,
    Key,
    Keys,
)
from worklist.mapping import ROOT_ROWS, STEP_ROWS
from worklist.rows import Level, Row
from worklist.values import encoder
from worklist.workitem import Asking, Workitem

Write = Callable[[Workitem, Charset], bytes]
WriteItem = Callable[[DataSet, Charset], bytes]

ASCII = Charset(())
MOST_SHAPES = 8  # of answers that are kept with a workitem, about 600 bytes each
LONGEST_KEPT = 4096  # bytes; longer ones are written again


@dataclass(frozen=True, slots=True)
class Form:
    """How answers are written."""

    syntax: Syntax
    charsets: Sequence[Charset]  # to try in this order where ASCII does not do
    named: tuple[str, ...] = ()  # in answers that are all ASCII, if any has to be


class Answers:
    """The return keys of one query, made into what writes them."""

    def __init__(
        self, identifier: Identifier, dialect: Dialect, asking: Asking, form: Form
    ) -> None:
        self._dialect, self._asking = dialect, asking
        self._writer = Writer(form.syntax)
        self._form = form
        self._shape = _shape(identifier, asking, form)
        self._own = False  # whether an answer is for who asks alone
        made = sorted(self._made(identifier), key=lambda pair: pair[0])
        self._writes = [write for _, write in made]
        self._charset_at = bisect([tag for tag, _ in made], SPECIFIC_CHARACTER_SET)

    def encode(self, workitem: Workitem) -> bytes:
        """An identifier in the first character set that has all it needs; ASCII needs none named.

        Modalities ask the same again and again, so an answer is kept with its workitem. Unencodable
        if no set will do.
        """
        known = workitem.answers.get(self._shape)
        if known is not None:
            return known
        self._own = False
        encoded = self._encoded(workitem)
        if not self._own and len(encoded) <= LONGEST_KEPT:
            if len(workitem.answers) >= MOST_SHAPES:
                workitem.answers.clear()
            workitem.answers[self._shape] = encoded
        return encoded

    def _encoded(self, workitem: Workitem) -> bytes:
        try:
            return self._in(ASCII, self._form.named, workitem)
        except Unencodable:
            pass
        for sets in self._form.charsets:
            try:
                return self._in(sets, sets.terms, workitem)
            except Unencodable:
                continue
        raise Unencodable

    def _in(self, sets: Charset, named: tuple[str, ...], workitem: Workitem) -> bytes:
        elements = [write(workitem, sets) for write in self._writes]
        if named:
            elements.insert(self._charset_at, self._constant(SPECIFIC_CHARACTER_SET, named))
        return self._writer.finish(elements)

    def _constant(self, tag: int, values: Texts) -> bytes:
        vr = vr_of(tag)
        header = self._writer.header(tag, vr)
        return self._writer.element(header, encoder(vr, self._writer)(values, ASCII))

    def _made(self, identifier: Identifier) -> Iterator[tuple[int, Write]]:
        for key in identifier.keys.values():
            if key.tag == SCHEDULED_STEPS:
                yield key.tag, self._steps(key)
            else:
                yield key.tag, self._key(Level.ROOT, key)
        if identifier.offset:  # PS3.4 K.4.1.1.3: only if the request had one
            offset = self._constant(TIMEZONE_OFFSET, (identifier.offset,))
            yield TIMEZONE_OFFSET, lambda _workitem, _sets: offset

    def _steps(self, key: Key) -> Write:
        """The one item of Scheduled Procedure Step Sequence."""
        asked = key.keys.values() if key.keys else _whole_step()
        writes = [self._key(Level.STEP, each) for each in sorted(asked, key=lambda each: each.tag)]
        header, sequence = self._writer.header(key.tag, "SQ"), self._writer.sequence
        return lambda workitem, sets: sequence(
            header, [b"".join([write(workitem, sets) for write in writes])]
        )

    def _key(self, level: Level, key: Key) -> Write:
        row = self._dialect.row(level, key.tag)
        if key.vr == "SQ":
            return self._sequence(row, key)
        return self._value(row, key)

    def _value(self, row: Row, key: Key) -> Write:
        element, header = self._writer.element, self._writer.header(key.tag, key.vr)
        encode, value, asking = encoder(key.vr, self._writer), row.value, self._asking
        if row.type != "1":
            return lambda workitem, sets: element(header, encode(value(workitem, asking), sets))

        def write(workitem: Workitem, sets: Charset) -> bytes:
            values = value(workitem, asking) or self._filled(row, workitem)
            data = encode(values, sets)
            if values and not data:  # type 1: without it the answer would name someone else
                raise Unencodable
            return element(header, data)

        return write

    def _filled(self, row: Row, workitem: Workitem) -> Texts:
        """What a workitem lacks and who asks is told nevertheless."""
        self._own = True
        return row.fill(workitem, self._asking) if row.fill else ()

    def _sequence(self, row: Row, key: Key) -> Write:
        header, sequence = self._writer.header(key.tag, "SQ"), self._writer.sequence
        nested, asking = row.items, self._asking
        if nested is None:
            return lambda _workitem, _sets: sequence(header, [])
        write = self._item(key.keys)
        return lambda workitem, sets: sequence(
            header, [write(item, sets) for item in nested(workitem, asking)]
        )

    def _item(self, keys: Keys | None) -> WriteItem:
        if keys is None:
            return self._whole
        writes = [self._element(keys[tag]) for tag in sorted(keys)]
        return lambda item, sets: b"".join([write(item, sets) for write in writes])

    def _element(self, key: Key) -> WriteItem:
        name, header = f"{key.tag:08X}", self._writer.header(key.tag, key.vr)
        if key.vr == "SQ":
            write, sequence = self._item(key.keys), self._writer.sequence
            return lambda item, sets: sequence(
                header, [write(each, sets) for each in items(item, name)]
            )
        encode, element = encoder(key.vr, self._writer), self._writer.element
        return lambda item, sets: element(header, encode(texts(item, name), sets))

    def _whole(self, item: DataSet, sets: Charset) -> bytes:
        """All of an item: a sequence that was asked for without keys."""
        written = [self._given(name, item)(item, sets) for name in sorted(item) if _is_tag(name)]
        return b"".join(written)

    def _given(self, name: str, item: DataSet) -> WriteItem:
        tag = int(name, 16)
        known = vr_of(tag)
        vr = (vr_in(item, name) or "UN") if known == "UN" else known
        return self._element(Key(tag, vr))


def _shape(identifier: Identifier, asking: Asking, form: Form) -> Hashable:
    """All that the bytes of an answer depend on, beside the workitem."""
    return (
        _keys_shape(identifier.keys),
        identifier.offset,
        (asking.zone, asking.upstream),
        (form.syntax, tuple(form.charsets), form.named),
    )


def _keys_shape(keys: Keys | None) -> Hashable:
    if keys is None:
        return None
    return tuple(sorted((tag, key.vr, _keys_shape(key.keys)) for tag, key in keys.items()))


def _is_tag(name: str) -> bool:
    return len(name) == len("00080005") and set(name) <= set("0123456789ABCDEF")


def _whole_step() -> list[Key]:
    """An empty sequence asks for all of it: what must be present, that is types 1 and 2."""
    return [Key(row.tag, row.vr) for row in STEP_ROWS if row.type in _PRESENT]


def everything() -> Keys:
    """What a query without any key is answered with."""
    keys = {row.tag: Key(row.tag, row.vr) for row in ROOT_ROWS if row.type in _PRESENT}
    return {**keys, SCHEDULED_STEPS: Key(SCHEDULED_STEPS, "SQ")}


_PRESENT = frozenset({"1", "1C", "2"})
