"""Which workitems an identifier selects: every key applied here, whatever the server did."""

from collections.abc import Callable, Iterator

from worklist.datetimes import Window, window
from worklist.dialects import Dialect
from worklist.dicomjson import DataSet, items, texts
from worklist.identifier import SCHEDULED_STEPS, Identifier, Key, Keys
from worklist.match import Matching, Predicate, predicate
from worklist.rows import Level, Row
from worklist.workitem import Asking, Workitem

START_DATE, START_TIME, STATION = 0x00400002, 0x00400003, 0x00400001
_CODE_VALUE, _CODING_SCHEME = 0x00080100, 0x00080102
_NEVER_MATCHED = frozenset({0x00400440})  # Protocol Context Sequence: no matching key in K.6-1

Test = Callable[[Workitem], bool]


def start_window(identifier: Identifier) -> Window:
    """What start date and time ask for; UnreadableKey if they are neither values nor ranges."""
    keys = {**identifier.keys, **(identifier.steps or {})}
    found = [keys[tag].values if tag in keys else () for tag in (START_DATE, START_TIME)]
    return window(*(values[0] if values else "" for values in found))


class Selection:
    """The keys of one query, made into tests. UnreadableKey for a date or time that is none."""

    def __init__(
        self,
        identifier: Identifier,
        dialect: Dialect,
        asking: Asking,
        matching: Matching,
        *,
        unassigned: bool = False,
    ) -> None:
        self.window = start_window(identifier)
        self._dialect, self._asking = dialect, asking
        self._unassigned = unassigned
        self._timed = any(
            key.tag == START_TIME and key.values and key.values[0].strip("*- ")
            for keys in (identifier.keys, identifier.steps or {})
            for key in keys.values()
        )
        self._tests = list(self._made(identifier, matching))

    def holds(self, workitem: Workitem) -> bool:
        return self._starts(workitem) and all(test(workitem) for test in self._tests)

    def _starts(self, workitem: Workitem) -> bool:
        if self.window.universal:
            return True
        moment, timed = self._dialect.start(workitem, self._asking)
        return bool(moment) and (timed or not self._timed) and self.window.holds(moment)

    def _made(self, identifier: Identifier, matching: Matching) -> Iterator[Test]:
        for level, keys in ((Level.ROOT, identifier.keys), (Level.STEP, identifier.steps or {})):
            for key in keys.values():
                row = self._dialect.row(level, key.tag)
                if key.tag not in {START_DATE, START_TIME, SCHEDULED_STEPS} and (
                    test := self._test(row, key, matching)
                ):
                    yield test

    def _test(self, row: Row, key: Key, matching: Matching) -> Test | None:
        if row.items is not None or key.vr == "SQ":
            return self._sequence_test(row, key, matching)
        values = tuple(row.spellings.get(value.upper(), value) for value in key.values)
        fits = predicate(key.vr, values, matching)
        return self._value_test(row, fits) if fits else None

    def _value_test(self, row: Row, fits: Predicate) -> Test:
        value, also, asking = row.value, row.also, self._asking
        if row.tag == STATION and self._unassigned:
            return lambda workitem: not (found := value(workitem, asking)) or fits(found)
        if also is None:
            return lambda workitem: fits(value(workitem, asking))
        return lambda workitem: fits(value(workitem, asking)) or fits(also(workitem, asking))

    def _sequence_test(self, row: Row, key: Key, matching: Matching) -> Test | None:
        fits = item_test(key.keys or {}, matching)
        nested, asking = row.items, self._asking
        if fits is None:
            return None
        if nested is None:
            return lambda _workitem: False
        return lambda workitem: any(fits(item) for item in nested(workitem, asking))


def item_test(keys: Keys, matching: Matching) -> Callable[[DataSet], bool] | None:
    """A test of one item of a sequence; None if all keys are universal (PS3.4 C.2.2.2.6).

    Codes are the same by value and scheme: the meaning may be put differently.
    """
    asked = [key for key in keys.values() if key.tag not in _NEVER_MATCHED]
    if _CODE_VALUE in keys:
        asked = [key for key in asked if key.tag in {_CODE_VALUE, _CODING_SCHEME}]
    tests = [test for key in asked if (test := _element_test(key, matching))]
    return (lambda item: all(test(item) for test in tests)) if tests else None


def _element_test(key: Key, matching: Matching) -> Callable[[DataSet], bool] | None:
    name = f"{key.tag:08X}"
    if key.vr == "SQ":
        fits_item = item_test(key.keys or {}, matching)
        if fits_item is None:
            return None
        return lambda data_set: any(fits_item(item) for item in items(data_set, name))
    fits = predicate(key.vr, key.values, matching)
    return (lambda data_set: fits(texts(data_set, name))) if fits else None
