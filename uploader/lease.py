"""Keeps what a worker has claimed leased for as long as a request takes."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis.exceptions import RedisError

from shared import logs
from shared.entry import Entry
from shared.index import Index
from uploader.turns import Turn

log = logs.get(__name__)

RENEWALS = 3  # in the time of a lease: two may fail


class Lease:
    """One batch at a time, as a worker has; renewed by a daemon thread."""

    def __init__(self, index: Index, seconds: float) -> None:
        self._index = index
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held: tuple[Turn, Sequence[Entry]] | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._renew_for_ever, name="lease", daemon=True).start()

    @contextmanager
    def holding(self, turn: Turn, entries: Sequence[Entry]) -> Iterator[None]:
        with self._lock:
            self._held = (turn, entries)
        try:
            yield
        finally:
            with self._lock:
                self._held = None

    def close(self) -> None:
        self._closed.set()

    def _renew_for_ever(self) -> None:
        while not self._closed.wait(self._seconds / RENEWALS):
            self._renew()

    def _renew(self) -> None:
        with self._lock:
            held = self._held
        if held is None:
            return
        turn, entries = held
        try:
            self._index.renew(turn.destination.name, turn.tick, entries, lease=self._seconds)
        except RedisError:  # the worst is that the batch is sent twice
            log.debug("lease.not_renewed", destination=turn.destination.name)
