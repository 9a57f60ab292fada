"""How much of a search a server takes: what it called wrong is not sent again for a while."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from worklist.search import PLAIN, WHOLE, Search

REMEMBERED = 600.0  # s that a refused search is not tried again as it was
AGAIN = 60.0  # s that a search of which no form was taken is not tried in all of them
MOST_REMEMBERED = 64  # kinds of searches

# Names of keys and fields: one device's private field may be wrong, and no other's.
_Kind = tuple[tuple[str, ...], tuple[str, ...]]
# With what is asked of everybody, but for digits: one state, or a range without end, may be wrong.
_Form = tuple[_Kind, tuple[tuple[str, str], ...]]
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _Settled:
    level: int
    until: float
    doubted: bool = False  # taken once only when it was plain


@dataclass(frozen=True, slots=True)
class _Hopeless:
    times: int  # in a row that no form was taken
    until: float


class Refusals:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._settled: dict[_Kind, _Settled] = {}
        self._hopeless: dict[_Form | Search, _Hopeless] = {}

    def level(self, wanted: Search) -> int:
        """Where to begin: WHOLE, WITHOUT_KEYS or PLAIN."""
        known = self._known(wanted)
        return known.level if known else WHOLE

    def settle(self, wanted: Search, level: int) -> None:
        """The server took it so. Plain answers lack attributes, so it takes two in a row to
        believe that no other will do: a refusal may be a passing one.
        """
        for each in (_form(wanted), wanted):
            self._hopeless.pop(each, None)
        known = self._known(wanted) or _Settled(WHOLE, self._clock() + REMEMBERED)
        if level == known.level:
            settled = replace(known, doubted=False)
        elif level < PLAIN or known.doubted:
            settled = _Settled(level, self._clock() + REMEMBERED)
        else:
            settled = replace(known, doubted=True)
        self._keep(wanted, settled)

    def refuse(self, wanted: Search) -> None:
        """The server took it in no form."""
        self._note(_form(wanted))

    def hopeless(self, wanted: Search) -> bool:
        """Whether no form was taken, twice in a row: then one request shows whether the server is
        mended, and tries no other form.
        """
        return self._noted(_form(wanted))

    def give_up(self, wanted: Search) -> None:
        """It has too many results for the smallest page."""
        self._note(wanted)

    def too_many(self, wanted: Search) -> bool:
        """As hopeless, of pages. Another day, or patient, may have fewer."""
        return self._noted(wanted)

    def _note(self, what: _Form | Search) -> None:
        before = self._hopeless.pop(what, None)
        if len(self._hopeless) >= MOST_REMEMBERED:
            self._hopeless.pop(next(iter(self._hopeless)))
        times = before.times + 1 if before else 1
        self._hopeless[what] = _Hopeless(times, self._clock() + AGAIN)

    def _noted(self, what: _Form | Search) -> bool:
        known = self._hopeless.get(what)
        return known is not None and known.times > 1 and self._clock() < known.until

    def _known(self, wanted: Search) -> _Settled | None:
        found = self._settled.get(_kind(wanted))
        return found if found and self._clock() < found.until else None

    def _keep(self, wanted: Search, settled: _Settled) -> None:
        kind = _kind(wanted)
        if settled.level == WHOLE and not settled.doubted:
            self._settled.pop(kind, None)
            return
        if len(self._settled) >= MOST_REMEMBERED and kind not in self._settled:
            self._settled.clear()
        self._settled[kind] = settled


def _kind(wanted: Search) -> _Kind:
    return wanted.shape, wanted.fields


def _form(wanted: Search) -> _Form:
    return _kind(wanted), tuple((name, _DIGIT.sub("0", value)) for name, value in wanted.fixed)
