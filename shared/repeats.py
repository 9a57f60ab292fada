"""Faults that repeat: the first is shown, then, once a minute, how many more there were.

A device with a wrong AE title, or a disk that fails, would else fill the log, and hide in it what
else is wrong.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from structlog.typing import EventDict

from shared.events import REPEATING

INTERVAL = 60.0  # seconds
REMEMBERED = 256  # faults that are told apart; of more the oldest is forgotten, and shown again
APART = ("destination", "reason", "address", "library", "place")  # what makes a fault another one
TELLING, COMPLAINT = "fault.repeated", "library.complained"

Key = tuple[object, ...]


class Repeats:
    """A processor of structlog, and a filter for the records of libraries."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[Key, tuple[float, int]] = {}  # when last shown, and how many since
        self._due = 0.0

    def __call__(self, logger: Any, method: str, event: EventDict) -> EventDict:
        """Raises DropEvent for what is only counted."""
        del logger
        name = event.get("event")
        if name == TELLING:
            return event
        now = self._clock()
        if now >= self._due:
            self._due = now + 1.0
            self._tell(now)
        if name in REPEATING and method not in {"debug", "info"}:
            key = (name, method, *(str(event.get(each, "")) for each in APART))
            if self._counted(key, now):
                raise structlog.DropEvent
        return event

    def shows(self, record: logging.LogRecord) -> bool:
        """A filter of logging: for what libraries say, which passes no processor that may drop."""
        if isinstance(record.msg, dict) or record.levelno < logging.WARNING:
            return True
        place = f"{record.module}:{record.lineno}"
        told = {"library": record.name, "place": place}
        apart = (told.get(each, "") for each in APART)
        return not self._counted((COMPLAINT, "warning", *apart), self._clock())

    def _counted(self, key: Key, now: float) -> bool:
        """Whether it was shown a short while ago."""
        with self._lock:
            if key in self._seen:
                shown, more = self._seen[key]
                self._seen[key] = shown, more + 1
                return True
            self._seen[key] = now, 0
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
        return False

    def _tell(self, now: float) -> None:
        with self._lock:
            over = [key for key, (shown, _) in self._seen.items() if now - shown >= INTERVAL]
            told = {key: self._seen.pop(key)[1] for key in over}
            self._seen |= {key: (now, 0) for key, more in told.items() if more}
        for (name, method, *apart), more in told.items():
            if more:
                details = {key: each for key, each in zip(APART, apart, strict=True) if each}
                log = getattr(structlog.stdlib.get_logger(__name__), str(method))
                log(TELLING, of=name, times=more, seconds=round(INTERVAL), **details)
