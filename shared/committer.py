"""A thread that keeps what a modality is told only once it is on the disk: all that came together
goes into segments with one write and one sync.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import Enum
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread

from shared import logs
from shared.growing import Key
from shared.segments import Commit, Segments

TOGETHER = 32  # instances in a write

log = logs.get(__name__)

Told = Callable[[Sequence[Commit]], None]


class _Asked(Enum):
    """Of the thread, beside commits."""

    REST = "see Segments.rest"
    END = "once all that was asked for is done"


class Committer:
    def __init__(self, segments: Segments, told: Told) -> None:
        """`told` of each commit that has come to its end, from a thread."""
        self._segments = segments
        self._told = told
        self._waiting: SimpleQueue[Commit | _Asked] = SimpleQueue()
        self._thread = Thread(target=self._run, name="segments", daemon=True)
        self._thread.start()

    def commit(self, commit: Commit) -> None:
        """Never blocks, from any thread."""
        self._waiting.put(commit)

    def rest(self) -> None:
        """As Segments.rest, from any thread."""
        self._waiting.put(_Asked.REST)

    def close(self) -> None:
        """Once all that was asked for is done."""
        self._waiting.put(_Asked.END)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not _Asked.END:
            if isinstance(first, Commit):
                self._keep(islice(self._with(first), TOGETHER))
            else:
                self._segments.rest()

    def _keep(self, batch: Iterable[Commit]) -> None:
        groups: defaultdict[Key, list[Commit]] = defaultdict(list)
        for each in batch:
            groups[each.key].append(each)
        for key, group in groups.items():
            self._segments.keep(key, group)
            try:
                self._told(group)
            except Exception:  # a bug of ours must not leave all others without an answer
                log.exception("segments.failed")

    def _with(self, first: Commit) -> Iterator[Commit]:
        """And those that wait."""
        yield first
        with suppress(Empty):
            while isinstance(each := self._waiting.get_nowait(), Commit):
                yield each
            self._waiting.put(each)  # for the round after this
