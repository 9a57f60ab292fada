"""How much to measure, and in which order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.results import Record, Results
from bench.site import Failed, Missing

Measured = Mapping[str, float]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    runs: int = 3
    quick: bool = False

    def scaled(self, full: float, quick: float) -> float:
        return quick if self.quick else full


def rotated(peers: Sequence[T], run: int) -> Iterator[T]:
    """Each run begins with another peer: none always comes after the same."""
    shift = run % len(peers) if peers else 0
    yield from (*peers[shift:], *peers[:shift])


def record(
    results: Results, suite: str, cell: str, peer: str, run: int, work: Callable[[], Measured]
) -> None:
    """Do one run and keep what came of it; a missing program is a result too."""
    print(f"  {suite}: {cell}: {peer} …", end="", flush=True)
    try:
        figures = dict(work())
    except (Missing, Failed, OSError) as error:
        results.add(Record(suite, cell, peer, run, fault=str(error)))
        print(f" {error}")
        return
    results.add(Record(suite, cell, peer, run, figures))
    print(f" {_headline(figures)}")


def _headline(figures: Measured) -> str:
    return ", ".join(f"{figures[key]:.1f} {key}" for key in list(figures)[:2])
