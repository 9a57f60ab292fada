"""Counters of a service that may run in several processes on one port: exact, and without files.

Made before anything forks. Each process adds to a row of its own in memory that all share, and any
of them can tell the sum; what a killed process had counted stays.
"""

import mmap
import os
from collections.abc import Iterator, Sequence
from struct import calcsize
from typing import Final

from shared.metrics import Declared, Sample

ROWS = 256  # processes; those started after so many others share a row with an early, dead one
CELL: Final = "d"  # a double counts to 2^53 exactly
OTHER = "other"  # instead of a label that is not foreseen

Series = tuple[Declared, str]  # a metric, and its only label or ""


class Tallies:
    """`add` belongs to one thread of each process: that of the event loop."""

    def __init__(self, *series: Series) -> None:
        self._columns = {each: number for number, each in enumerate(series)}
        size = ROWS * len(series) * calcsize(CELL)
        self._cells = memoryview(mmap.mmap(-1, size)).cast(CELL)
        self._rows = 1  # that were given away
        self._row = 0  # ours: where its cells begin
        os.register_at_fork(before=self._give_row, after_in_child=self._take_row)

    def add(self, metric: Declared, label: str = "", amount: float = 1) -> None:
        column = self._columns.get((metric, label))
        if column is None:
            column = self._columns[metric, OTHER]
        self._cells[self._row + column] += amount

    def __call__(self) -> Iterator[Sample]:
        """A source of metrics."""
        for (metric, label), column in self._columns.items():
            value = sum(self._cells[column :: len(self._columns)])
            yield Sample(metric, value, (label,) if label else ())

    def _give_row(self) -> None:
        self._rows += 1

    def _take_row(self) -> None:
        self._row = (self._rows - 1) % ROWS * len(self._columns)


def by_status(metric: Declared, statuses: Sequence[int]) -> list[Series]:
    """A series for each status (PS3.7 Annex C), and one for all others."""
    return [(metric, status_label(each)) for each in statuses] + [(metric, OTHER)]


def status_label(status: int) -> str:
    return f"{status:04X}"
