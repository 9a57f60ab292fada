"""Tells the index, in the background, what was kept. Redis is never on the C-STORE path: down, slow
or hung, it changes no answer to a modality, and a scan of the spool finds what was not told.
"""

import os
import threading
from collections import deque
from collections.abc import Sequence

from redis.exceptions import RedisError

from shared import logs
from shared.broker import connect, plain
from shared.entry import Entry
from shared.errors import ConfigurationError
from shared.index import PIECE, Index
from shared.index_version import IndexVersion, OtherIndex
from shared.jobs import Ticks
from shared.sections import RedisSettings

log = logs.get(__name__)

MOST = 20_000  # entries that wait for Redis, some 5 MB; those beyond are left to a scan
PAUSE = 1.0  # seconds after Redis has failed
GATHER = 0.05  # seconds between calls in a flood, in which others gather: each costs 0.3 ms


class Notifier:
    """A failed call is made again: an entry that the index knows is added once."""

    def __init__(self, settings: RedisSettings) -> None:
        """Connects to nothing yet."""
        self._settings = settings
        self._redis: tuple[Index, Ticks, IndexVersion] | None = None  # its password is unread
        self._waiting: deque[Entry] = deque()
        self._dropped = 0
        self._work = threading.Event()
        self._closing = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def announce(self, entries: Sequence[Entry]) -> None:
        """Never blocks, never raises; from any thread."""
        if len(self._waiting) >= MOST:
            self._dropped += len(entries)
            return
        self._waiting.extend(entries)
        if not self._work.is_set():
            self._work.set()

    def close(self, timeout: float) -> None:
        """Tell what is left, if Redis is there and it takes no longer than `timeout` seconds."""
        self._closing.set()
        self._work.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            while self._waiting or self._dropped:
                if not self._tell() and self._closing.wait(PAUSE):
                    return
                self._closing.wait(GATHER)
            if self._closing.is_set():
                return

    def _tell(self) -> bool:
        """Whether Redis took a batch."""
        batch = [self._waiting[i] for i in range(min(len(self._waiting), PIECE))]
        try:
            index, ticks, version = self._connected()
            if _is_ours(version):
                ticks.enqueue_all(index.add(batch).wanted)
            else:  # whoever knows that index finds them by a scan
                self._dropped += len(batch)
            self._ask_for_scan(index)
        except (RedisError, ConfigurationError, OSError) as error:
            if not self._failing:
                log.warning("redis.lost", reason=_reason(error))
            self._failing = True
            return False
        for _ in batch:
            self._waiting.popleft()
        if self._failing:
            log.info("redis.found")
        self._failing = False
        return True

    def _connected(self) -> tuple[Index, Ticks, IndexVersion]:
        """Raises ConfigurationError; OSError, as where no descriptor is left."""
        if self._redis is None:
            client = connect(self._settings)
            self._redis = Index(client), Ticks(client), IndexVersion(client)
        return self._redis

    def _ask_for_scan(self, index: Index) -> None:
        dropped = self._dropped
        if dropped:
            index.want_scan()
            log.warning("announcements.dropped", instances=dropped)
            self._dropped -= dropped


def _reason(error: RedisError | ConfigurationError | OSError) -> str:
    """For an operator."""
    if isinstance(error, OSError):
        return os.strerror(error.errno or 0)
    return plain(error) if isinstance(error, RedisError) else str(error)


def _is_ours(version: IndexVersion) -> bool:
    """Raises RedisError."""
    try:
        version.check()
    except OtherIndex:
        return False
    return True
