"""Processor time and memory of process trees, read from /proc; None where there is no /proc."""

import os
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PROC = Path("/proc")
SAMPLE = 0.1  # seconds between samples of memory: often enough for a peak, cheap enough to ignore
TREE = 5  # samples between looks for new processes, which cost more
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1_000_000


def children() -> dict[int, list[int]]:
    """Every process by its parent."""
    found: dict[int, list[int]] = defaultdict(list)
    for folder in PROC.glob("[0-9]*"):
        if fields := _stat(int(folder.name)):
            found[int(fields[1])].append(int(folder.name))
    return found


def tree(root: int, by_parent: Mapping[int, list[int]]) -> list[int]:
    """A process and all it has started."""
    return [root, *(pid for child in by_parent.get(root, ()) for pid in tree(child, by_parent))]


def cpu_seconds(pid: int) -> float:
    """User and system time, with that of children which have ended."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / TICK if fields else 0.0


def resident(pid: int) -> float:
    """Resident memory in megabytes; pages shared with others count in full."""
    with suppress(OSError, ValueError, IndexError):
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE / MEGABYTE
    return 0.0


def _stat(pid: int) -> list[str]:
    """What follows the name in /proc/PID/stat: state, parent, …"""
    with suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []


class Usage(threading.Thread):
    """What named process trees use while the `with` lasts."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        super().__init__(daemon=True)
        self.peaks = dict.fromkeys(roots, 0.0)  # megabytes
        self.peak = 0.0  # of all together
        self.cpu = 0.0  # seconds
        self._roots = roots
        self._done = threading.Event()
        self._trees: dict[str, list[int]] = {}

    def __enter__(self) -> Self:
        self._look()
        self.cpu = -self._cpu()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self.join()
        self._look()
        self.cpu += self._cpu()

    def run(self) -> None:
        count = 0
        while not self._done.wait(SAMPLE):
            count += 1
            if count % TREE == 0:
                self._look()
            self._sample()

    def _look(self) -> None:
        by_parent = children()
        self._trees = {name: tree(pid, by_parent) for name, pid in self._roots.items()}
        self._sample()

    def _sample(self) -> None:
        now = {name: sum(map(resident, pids)) for name, pids in self._trees.items()}
        self.peak = max(self.peak, sum(now.values()))
        for name, megabytes in now.items():
            self.peaks[name] = max(self.peaks[name], megabytes)

    def _cpu(self) -> float:
        return sum(cpu_seconds(pid) for pids in self._trees.values() for pid in pids)
