"""What is thrown away by itself: old ledgers, delivered instances, empty folders; by settings also
what lies in quarantine too long. Nothing that no origin server has confirmed, unless they say so.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread

from shared import audit, logs, pool, removal
from shared.delivered import Delivered
from shared.entry import DESTINATION, ROUTINE, URGENT
from shared.errors import SpoolError
from shared.folders import IDLE, names, remove_idle
from shared.ledger import Ledger
from shared.quarantine import FOLDER, Quarantine, Quarantined
from shared.sightings import Sightings
from shared.spool_sections import SpoolSettings
from shared.watermark import Pressure, Watermark

PERIOD = 60.0  # seconds between looks
RELIEF_PERIOD = 5.0  # seconds between looks while space is low
SEEN = ".seen"  # in the quarantine's folder: how long what is in it was seen there

log = logs.get(__name__)


class Retention:
    def __init__(
        self, root: Path, settings: SpoolSettings, quarantine: Quarantine, watermark: Watermark
    ) -> None:
        self.ledger = Ledger(root, settings)
        self.delivered = Delivered(root, settings.keep_delivered)
        self._root = root
        self._settings = settings
        self._quarantine = quarantine
        self._watermark = watermark
        self._sightings = Sightings(root / FOLDER / SEEN)
        self._running = Lock()
        self._looked = time.monotonic()
        self._relief_due = self._looked

    def tidy_if_due(self) -> None:
        """In the background. To be called often; seldom does anything."""
        if time.monotonic() - self._looked >= PERIOD and not self._running.locked():
            self._looked = time.monotonic()
            Thread(target=self._alone, args=(self.tidy,), name="tidy", daemon=True).start()

    def relieve_in_background(self, *, refused: bool = False) -> None:
        """Space is low: give up delivered instances. Never blocks; to be called often. `refused`:
        the disk has refused something, whatever space it says it has: of inodes, or of a quota,
        there may be none left.
        """
        if time.monotonic() < self._relief_due:
            return
        self._relief_due = time.monotonic() + RELIEF_PERIOD
        pool.empty(self._root, before=math.inf)
        if self._settings.keep_delivered and not self._running.locked():
            work = partial(self._give_up, refused=refused)
            Thread(target=self._alone, args=(work,), name="relief", daemon=True).start()

    def tidy(self) -> None:
        """Never raises. What cannot be removed hinders nothing else."""
        now = time.time()
        for part in (
            self.ledger.tidy,
            self.delivered.tidy,
            self._tidy_quarantine,
            self._tidy_spool,
        ):
            with _told():
                part(now)
        with _told():
            self._relieve()

    def _alone(self, work: Callable[[], None]) -> None:
        """Unless something is under way."""
        if self._running.acquire(blocking=False):
            try:
                work()
            finally:
                self._running.release()

    def _give_up(self, *, refused: bool) -> None:
        with _told():
            if refused:
                self.delivered.relieve()
            self._relieve()

    def _relieve(self) -> None:
        while self._watermark.measure() is not Pressure.NONE and self.delivered.relieve():
            pass

    def _tidy_quarantine(self, _now: float) -> None:
        oldest, most = self._settings.quarantine_age, self._settings.quarantine_bytes
        if not oldest and not most:
            return
        kept = 0
        found = sorted(self._quarantine.list(None, records=False), key=_latest, reverse=True)
        seen = self._seen(found) if oldest else {}
        for item in found:
            kept += item.size
            if seen.get(_named(item), 0.0) > oldest or (most and kept > most):
                with _told():
                    self._drop(item)

    def _seen(self, found: Iterable[Quarantined]) -> Mapping[str, float]:
        """Seconds, by what an item is called. No clock is asked: one that is a year ahead would
        have all of it deleted.
        """
        with _told():
            return self._sightings.look([_named(each) for each in found])
        return {}

    def _drop(self, item: Quarantined) -> None:
        item = replace(item, record=self._quarantine.record(item))
        if self._quarantine.drop(item):
            audit.disposed("drop", [item])
            log.warning("quarantine.dropped", destination=item.destination, instance=item.name)

    def _tidy_spool(self, now: float) -> None:
        pool.empty(self._root, before=now - pool.KEPT)
        for destination in names(self._root):
            if re.fullmatch(DESTINATION, destination, re.ASCII):
                for priority in (URGENT, ROUTINE):
                    remove_idle(self._root / destination / priority, before=now - IDLE)
                    removal.remove_done(self._root / destination / priority)


def _named(item: Quarantined) -> str:
    """Another one once it was put back and set aside again, or touched in any way."""
    return f"{item.destination}/{item.name}/{item.since}"


def _latest(item: Quarantined) -> tuple[float, str]:
    return item.since, item.name


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except SpoolError as error:
        log.warning("retention.failed", reason=str(error))
