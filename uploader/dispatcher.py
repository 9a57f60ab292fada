"""Puts right what time and accidents do to the index: leases that ended, destinations due again, an
index that was lost. A thread in every uploader; one leads, and several would be harmless.
"""

import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice

from redis.exceptions import RedisError

from shared import logs, metrics
from shared.broker import plain
from shared.entry import Entry
from shared.errors import SpoolError
from shared.figures import KEPT_BYTES
from shared.index import PIECE, Room
from uploader.gauges import Gauges
from uploader.silence import Silence
from uploader.turns import Lead
from uploader.workplace import Workplace

log = logs.get(__name__)

INTERVAL = 0.5  # seconds between rounds
WAKE = 3.0  # seconds until a destination that is due is woken again
SCAN_SLICE = 0.25  # seconds of a round that a scan may take
# The same of a scan that nothing asks for: what it takes from receiving is not felt.
CALM_SLICE, CALM_PAUSE = 0.02, 0.06
LONG_LEASE = 600.0  # seconds; other uploaders may be set to longer leases than this one
WEDGED = 60.0  # seconds without a round


class Dispatcher:
    def __init__(self, workplace: Workplace, destinations: Iterable[str], rescan: float) -> None:
        """`rescan`: seconds between scans of the spool."""
        self._at = workplace
        self._destinations = tuple(destinations)
        self._rescan = rescan
        self._name = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._epoch = b""
        self._scans_wanted = 0
        self._full: set[str] = set()  # destinations of which the index has not all
        self._scan: Iterator[None] | None = None
        self._next_scan = 0.0  # time.monotonic()
        self._calm = False  # nothing asked for the scan under way
        self._last_round = time.monotonic()
        self._trouble: str | None = "not reached yet"  # of Redis
        self._leads = False
        root = workplace.spool.root
        self._gauges = Gauges(workplace.index, root, self._destinations, lambda: self._leads)
        self._silence = Silence(workplace.index, self._destinations)

    def start(self) -> None:
        metrics.expose(self._gauges)
        self._thread.start()

    def close(self) -> None:
        metrics.withdraw(self._gauges)
        self._stopping.set()
        self._thread.join(WEDGED)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wedged(self) -> str | None:
        """A health check."""
        silent = time.monotonic() - self._last_round
        return f"no round for {silent:.0f} s" if silent > WEDGED else None

    def trouble(self) -> str | None:
        """A health check: what is wrong with Redis."""
        return self._trouble

    def round(self) -> bool:
        """One look at everything; whether a scan goes on. Raises RedisError, SpoolError."""
        self._at.version.check_later()
        self._at.turns.present(self._name)
        lead = self._at.turns.lead(self._name, self._destinations)
        self._leads = lead is not Lead.NO
        if lead is Lead.NO:
            self._scan = None
            return False
        self._watch_epoch(newly=lead is Lead.NEWLY)
        for each in self._destinations:
            self._look_for_room(each)
            self._rein(each)
            if ended := self._at.index.reap(each):
                log.warning("lease.ended", destination=each, instances=ended)
        self._at.ticks.enqueue_all(self._at.index.wanted(self._destinations, wake=WAKE))
        self._silence.look()
        self._at.spool.tidy_if_due()
        return self._scan_on()

    def _run(self) -> None:
        told = False
        pause = 0.0
        while not self._stopping.wait(pause):
            self._last_round = time.monotonic()
            pause = INTERVAL
            try:
                if self.round():
                    pause = CALM_PAUSE if self._calm else 0.0
            except RedisError as error:
                self._scan, self._leads = None, False
                self._trouble = plain(error)
                if not told:
                    log.error("redis.lost", reason=self._trouble)
                told = True
            except SpoolError as error:
                self._scan = None
                log.error("spool.not_scanned", reason=str(error))
            else:
                if told:
                    log.info("redis.found")
                told, self._trouble = False, None

    def _watch_epoch(self, *, newly: bool) -> None:
        anew = self._at.version.settle(self._destinations)
        epoch, began = self._at.index.epoch()
        lost = anew or began or (self._epoch not in {b"", epoch})
        wanted = self._at.index.scans_wanted()
        if lost:
            log.info("index.begun")
            for each in self._destinations:
                self._at.index.doubt(each)
        if newly:
            self._tell_of_strays()
        # One that is asked for while another runs follows it: begun anew each time, none would end.
        free = self._scan is None or self._calm
        if lost or newly or (free and wanted != self._scans_wanted):
            self._scan, self._calm = self._scanning(), False
            self._scans_wanted = wanted
        self._epoch = epoch

    def _rein(self, destination: str) -> None:
        lease = max(self._at.settings.lease, LONG_LEASE)
        delay = self._at.settings.retry_cap
        if found := self._at.index.rein(destination, lease=lease, delay=delay):
            log.warning("index.reined", destination=destination, entries=found)

    def _look_for_room(self, destination: str) -> None:
        room = self._at.index.room(destination)
        if room is Room.NONE and destination not in self._full:
            log.warning("index.full", destination=destination)
            self._full.add(destination)
        elif room is Room.AGAIN:
            self._at.index.want_scan()
            self._full.discard(destination)

    def _tell_of_strays(self) -> None:
        """Instances of a destination that is configured no more are kept, and sent nowhere."""
        for each in set(self._at.spool.destinations()) - set(self._destinations):
            if next(self._at.spool.scan(each), None):
                log.warning("spool.unrouted", destination=each)

    def _scan_on(self) -> bool:
        if self._scan is None:
            if time.monotonic() < self._next_scan:
                return False
            self._scan, self._calm = self._scanning(), True
        ends = time.monotonic() + (CALM_SLICE if self._calm else SCAN_SLICE)
        while time.monotonic() < ends:
            if next(self._scan, self) is self:  # at its end
                self._scan = None
                self._next_scan = time.monotonic() + self._rescan
                return False
        return True

    def _scanning(self) -> Iterator[None]:
        """Adds everything that is kept; constant memory, however much that is."""
        seen = added = 0
        for destination in self._destinations:
            size = 0
            for piece in _pieces(self._at.spool.scan(destination)):
                seen += len(piece)
                size += sum(each.size for each in piece)
                added += self._at.index.add(piece, wake=False).number
                yield
            self._at.index.figure(destination, KEPT_BYTES, size)
        if added:
            log.info("spool.scanned", instances=seen, added=added)


def _pieces(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while piece := list(islice(entries, PIECE)):
        yield piece
