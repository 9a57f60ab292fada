"""A thread that keeps what a modality is told only once it is on the disk: all that came together
goes into segments with one write and one sync.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread

from shared import logs
from shared.growing import Key
from shared.segments import Commit, Segments

TOGETHER = 32  # instances in a write

log = logs.get(__name__)

Told = Callable[[Sequence[Commit]], None]


class Committer:
    def __init__(self, segments: Segments, told: Told) -> None:
        """`told` of each commit that has come to its end, from a thread."""
        self._segments = segments
        self._told = told
        self._waiting: SimpleQueue[Commit | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="segments", daemon=True)
        self._thread.start()

    def commit(self, commit: Commit) -> None:
        """Never blocks, from any thread."""
        self._waiting.put(commit)

    def close(self) -> None:
        """Once all that was asked for is done."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while batch := self._batch():
            groups: defaultdict[Key, list[Commit]] = defaultdict(list)
            for each in batch:
                groups[each.key].append(each)
            for key, group in groups.items():
                self._segments.keep(key, group)
                try:
                    self._told(group)
                except Exception:  # a bug of ours must not leave all others without an answer
                    log.exception("segments.failed")

    def _batch(self) -> list[Commit]:
        """Those that wait, at least one; none at the end."""
        return list(islice(self._gathered(), TOGETHER))

    def _gathered(self) -> Iterator[Commit]:
        first = self._waiting.get()
        with suppress(Empty):
            while first is not None:
                yield first
                first = self._waiting.get_nowait()
            self._waiting.put(None)  # for the round after this
