"""Counts of a service that may run in several processes on one port: exact, and without files.

Made before anything forks. Each process adds to a row of its own in memory that all share, and any
of them can tell the sum; what a killed process had counted stays, what it had open does not.
"""

import mmap
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from struct import calcsize
from typing import Final

from shared.metric import Declared, Sample, Spread

ROWS = 256  # processes; those started after so many others share a row with an early, dead one
CELL: Final = "d"  # a double counts to 2^53 exactly
OTHER = "other"  # instead of a label that is not foreseen
OWNER = 0  # the column that holds the process id

Series = tuple[Declared, str]  # a metric, and its only label or ""


class Tallies:
    """`add` and `observe` belong to one thread of each process: that of the event loop."""

    def __init__(self, *series: Series) -> None:
        self._columns: dict[Series, int] = {}
        self._width = 1
        for each in series:
            self._columns[each] = self._width
            self._width += _cells(each[0])
        self._cells = memoryview(mmap.mmap(-1, ROWS * self._width * calcsize(CELL))).cast(CELL)
        self._rows = 0  # that were given away
        self._row = 0  # ours: where its cells begin
        self._give_row()
        self._take_row()
        os.register_at_fork(before=self._give_row, after_in_child=self._take_row)

    def counter(self, metric: Declared) -> Callable[[float], None]:
        """What adds to a metric without labels, found once."""
        column, cells = self._columns[metric, ""], self._cells

        def add(amount: float) -> None:
            cells[self._row + column] += amount

        return add

    def observer(self, metric: Declared) -> Callable[[float], None]:
        """As counter, of a histogram."""
        column, cells, bounds = self._columns[metric, ""], self._cells, metric.bounds
        total = column + len(bounds) + 1

        def observe(value: float) -> None:
            row = self._row
            cells[row + column + bisect_left(bounds, value)] += 1
            cells[row + total] += value

        return observe

    def add(self, metric: Declared, label: str = "", amount: float = 1) -> None:
        """Of a gauge: more, or less."""
        column = self._columns.get((metric, label))
        if column is None:
            column = self._columns[metric, OTHER]
        self._cells[self._row + column] += amount

    def observe(self, metric: Declared, value: float) -> None:
        """Of a histogram."""
        self.observer(metric)(value)

    def __call__(self) -> Iterator[Sample]:
        """A source of metrics."""
        rows = range(0, ROWS * self._width, self._width)
        used = [row for row in rows if self._cells[row + OWNER]]
        alive = [row for row in used if _runs(int(self._cells[row + OWNER]))]
        for (metric, label), column in self._columns.items():
            labels = (label,) if label else ()
            cells = range(column, column + _cells(metric))
            counted = alive if metric.kind == "gauge" else used
            *values, last = [sum(self._cells[row + cell] for row in counted) for cell in cells]
            yield Sample(metric, Spread(tuple(values), last) if values else last, labels)

    def _give_row(self) -> None:
        self._rows += 1

    def _take_row(self) -> None:
        self._row = (self._rows - 1) % ROWS * self._width
        self._cells[self._row + OWNER] = os.getpid()
        for (metric, _), column in self._columns.items():
            if metric.kind == "gauge":
                self._cells[self._row + column] = 0


def by_status(metric: Declared, statuses: Sequence[int]) -> list[Series]:
    """A series for each status (PS3.7 Annex C), and one for all others."""
    return by_label(metric, [status_label(each) for each in statuses])


def by_label(metric: Declared, labels: Sequence[str]) -> list[Series]:
    """A series for each, and one for all others."""
    return [(metric, each) for each in labels] + [(metric, OTHER)]


def status_label(status: int) -> str:
    return f"{status:04X}"


def _cells(metric: Declared) -> int:
    """A histogram has one for each bucket, +Inf's included, and the sum."""
    return len(metric.bounds) + 2 if metric.kind == "histogram" else 1


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
