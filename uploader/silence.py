"""Tells of destinations that were asked and say nothing, long before the request's time is up."""

from collections.abc import Iterable

from shared import logs
from shared.index import SILENT, SLOW, Index

log = logs.get(__name__)


class Silence:
    def __init__(self, index: Index, destinations: Iterable[str]) -> None:
        self._index = index
        self._destinations = tuple(destinations)
        self._told: set[str] = set()

    def look(self) -> None:
        """Raises RedisError."""
        for each in self._destinations:
            seconds = self._index.figures(each).unanswered
            if seconds < SLOW:
                self._told.discard(each)
            elif each not in self._told:
                self._told.add(each)
                log.warning(
                    "destination.slow",
                    destination=each,
                    reason=SILENT,
                    seconds=round(seconds, 1),
                )
