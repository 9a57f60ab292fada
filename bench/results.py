"""What was measured: records, kept as JSON lines and summed up as medians."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.site import RESULTS


@dataclass(frozen=True, slots=True)
class Record:
    """One run of one cell."""

    suite: str
    cell: str  # "CT, 4 associations": what the peers of a sitting have in common
    peer: str
    run: int
    figures: dict[str, float] = field(default_factory=dict)
    fault: str = ""  # why there are none


class Results:
    """The records of a sitting, also in a file as they come."""

    def __init__(self, folder: Path = RESULTS) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / time.strftime("%Y%m%d-%H%M%S.jsonl")
        self.records: list[Record] = []

    def add(self, record: Record) -> None:
        self.records.append(record)
        with self.file.open("a") as file:
            print(json.dumps(asdict(record)), file=file)

    def of(self, suite: str) -> list[Record]:
        return [record for record in self.records if record.suite == suite]

    def cells(self, suite: str) -> list[tuple[str, str]]:
        """The cells and peers of a suite, in the order measured, cell by cell."""
        seen = dict.fromkeys((record.cell, record.peer) for record in self.of(suite))
        order = list(dict.fromkeys(cell for cell, _ in seen))
        return sorted(seen, key=lambda pair: order.index(pair[0]))

    def runs(self, suite: str, cell: str, peer: str) -> list[Record]:
        return [each for each in self.of(suite) if (each.cell, each.peer) == (cell, peer)]

    def values(self, suite: str, cell: str, peer: str, figure: str) -> dict[int, float]:
        """A figure by run."""
        runs = self.runs(suite, cell, peer)
        return {each.run: each.figures[figure] for each in runs if figure in each.figures}

    def median(self, suite: str, cell: str, peer: str, figure: str) -> float | None:
        values = self.values(suite, cell, peer, figure)
        return median(values.values()) if values else None

    def ratio(self, suite: str, cell: str, ours: str, peer: str, figure: str) -> float | None:
        """The median over runs of ours to the peer's in the same run, measured minutes apart."""
        mine = self.values(suite, cell, ours, figure)
        theirs = self.values(suite, cell, peer, figure)
        ratios = [mine[run] / theirs[run] for run in mine if theirs.get(run)]
        return median(ratios) if ratios else None


def read(lines: Iterable[str]) -> Iterator[Record]:
    for line in lines:
        values: dict[str, Any] = json.loads(line)
        yield Record(**values)
