"""How much of a search a server takes: what it called wrong is not sent again for a while."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from worklist.search import PLAIN, WHOLE, Search

REMEMBERED = 600.0  # s that a refused search is not tried again as it was
MOST_REMEMBERED = 64  # kinds of searches

# Names of keys and fields: one device's private field may be wrong, and no other's.
_Kind = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Settled:
    level: int
    until: float
    doubted: bool = False  # taken once only when it was plain


class Refusals:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._settled: dict[_Kind, _Settled] = {}

    def level(self, wanted: Search) -> int:
        """Where to begin: WHOLE, WITHOUT_KEYS or PLAIN."""
        known = self._known(wanted)
        return known.level if known else WHOLE

    def settle(self, wanted: Search, level: int) -> None:
        """The server took it so. Plain answers lack attributes, so it takes two in a row to
        believe that no other will do: a refusal may be a passing one.
        """
        known = self._known(wanted) or _Settled(WHOLE, self._clock() + REMEMBERED)
        if level == known.level:
            settled = replace(known, doubted=False)
        elif level < PLAIN or known.doubted:
            settled = _Settled(level, self._clock() + REMEMBERED)
        else:
            settled = replace(known, doubted=True)
        self._keep(wanted, settled)

    def _known(self, wanted: Search) -> _Settled | None:
        found = self._settled.get((wanted.shape, wanted.fields))
        return found if found and self._clock() < found.until else None

    def _keep(self, wanted: Search, settled: _Settled) -> None:
        kind = wanted.shape, wanted.fields
        if settled.level == WHOLE and not settled.doubted:
            self._settled.pop(kind, None)
            return
        if len(self._settled) >= MOST_REMEMBERED and kind not in self._settled:
            self._settled.clear()
        self._settled[kind] = settled
