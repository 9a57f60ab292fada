"""The spool: instances kept on disk until an origin server has confirmed them. It is the truth;
Redis is an index of it that can be lost at any moment.

    <root>/<destination>/<urgent|routine>/<YYYYMMDDHHMMSS>/<name>.dcm   kept, see shared.entry
    <root>/<destination>/<urgent|routine>/<YYYYMMDDHHMMSS>-….seg        many, see shared.segment
    <root>/.incoming/                                                   partial, see shared.incoming
    <root>/.quarantine/<destination>/<name>.dcm and .json               see shared.quarantine
    <root>/.delivered/, <root>/.ledger/                                  see shared.retention
    <root>/.version                                                     of this layout
"""

import contextlib
import math
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from shared import damage, incoming, kept, logs, open_segment, pool, quarantine, removal, segment
from shared.checksum import prepare as prepare_checksums
from shared.committer import Committer, Told
from shared.entry import DESTINATION, ROUTINE, URGENT, Entry, name_of
from shared.errors import SpoolError, SpoolFull
from shared.faults import spool_fault
from shared.folders import MODE, Folders, make_root, names
from shared.incoming import Incoming
from shared.layout_version import check_version
from shared.ledger import Leaving, Sent
from shared.quarantine import Quarantined
from shared.reception import Reception
from shared.record import Damaged
from shared.retention import Retention
from shared.segments import Commit, Segments
from shared.spool_probe import probe
from shared.spool_sections import SpoolSettings
from shared.staging import Staged, Staging
from shared.watermark import Pressure, Watermark

__all__ = ["Entry", "Pressure", "Quarantined", "Reception", "Spool"]

log = logs.get(__name__)

OPEN_PAUSE = 1.0  # seconds before a spool that could not be opened is tried again
# 1: no sender in the names; 2: no segments; 3: no checksums in them; 4: nothing is used again;
# 5: another checksum
VERSION = 6


class Spool:
    """Safe to use from several threads and processes at once."""

    def __init__(self, settings: SpoolSettings) -> None:
        self.root = settings.path.absolute()
        self._sync = settings.sync
        self._process = secrets.randbits(32)  # tells names given by several processes apart
        self._incoming = Incoming(self.root, self._process, ahead=settings.sync)
        self._folders = Folders(self.root, sync=settings.sync)
        self._quarantine = quarantine.Quarantine(self.root, self._folders, VERSION)
        self._watermark = Watermark(self.root, settings)
        self._retention = Retention(self.root, settings, self._quarantine, self._watermark)
        self._open_again = math.inf  # time.monotonic()
        self.openings = 0  # how often it could be opened
        self._gathers = settings.segments
        self._segments: Segments | None = None
        self._committer: Committer | None = None
        self._staging = Staging()
        self._naming = Lock()
        self._named_last = 0

    def open(self) -> int:
        """Create the folders, prove that the spool can be used, drop the partial files of processes
        that are no more; how many that was. Touches nothing else, however much is kept.
        Raises SpoolError with one line that says what is wrong.
        """
        try:
            make_root(self.root, sync=self._sync)
            for folder in (incoming.FOLDER, quarantine.FOLDER):
                (self.root / folder).mkdir(MODE, exist_ok=True)
            check_version(self.root, VERSION)
            left = self._incoming.recover()  # first: it may be what fills the disk
            pool.begin(self.root)
            probe(self.root, sync=self._sync)
        except OSError as error:
            self._open_again = time.monotonic() + OPEN_PAUSE
            raise spool_fault(error, f"use the spool {self.root}") from None
        self._open_again = math.inf
        self.openings += 1
        return left

    def gather(self, told: Told) -> bool:
        """From now on what is small is kept in segments, where the file system can do that; whether
        it is. To be asked again after each of the openings: a full disk could not tell. `told` of
        each that was committed and had to wait for the disk, from a thread; it must not raise.
        """

        def relieved(commits: Sequence[Commit]) -> None:
            if any(isinstance(each.fault, SpoolFull) for each in commits):
                self._no_room()
            told(commits)

        if not self._gathers:
            return False
        prepare_checksums()
        try:
            possible = segment.are_possible(self.root / incoming.FOLDER)
        except OSError:
            self._open_again = time.monotonic() + OPEN_PAUSE
            return False
        if possible:
            self._segments = Segments(self.root, self._incoming, self._next_name, sync=self._sync)
            if self._sync:
                self._committer = Committer(self._segments, relieved)
        return possible

    @property
    def commits_later(self) -> bool:
        """Whether what is committed has to wait for the disk, and `told` tells of its end."""
        return self._committer is not None

    def commit(self, commit: Commit) -> None:
        """Have it kept in a segment. Where nothing has to wait for the disk it has come to its end
        already; that is for one thread alone. Raises SpoolError where it does not gather any more.
        """
        if self._committer:
            self._committer.commit(commit)
            return
        if self._segments is None:
            commit.staged.abandon()
            raise SpoolError("cannot keep an instance: the spool is closed")
        self._segments.keep(commit.key, [commit])
        if isinstance(commit.fault, SpoolFull):
            self._no_room()

    def rest(self) -> None:
        """As of Segments, by whoever calls commit."""
        if self._committer:
            self._committer.rest()
        elif self._segments:
            self._segments.rest()

    def settle(self) -> None:
        """Wait for what is being committed; nothing can be from now on."""
        if self._committer:
            self._committer.close()
            self._committer = None
        if self._segments:
            self._segments.close()
            self._segments = None
            pool.empty(self.root, before=math.inf)

    def close(self) -> None:
        """Let other processes know that no partial file of this one is alive."""
        self.settle()
        self._incoming.close()
        self._retention.ledger.close()

    def stage(self) -> Reception | Staged:
        """Begin an instance, in memory while it is small: one write then costs a third of several.
        Raises SpoolError.
        """
        buffer = self._staging.take()
        return Staged(self._staging, buffer, self.receive) if buffer else self.receive()

    def receive(self) -> Reception:
        """Begin an instance in a file of its own. Raises SpoolError."""
        return Reception(
            self._incoming, self._folders, self._next_name, self._no_room, sync=self._sync
        )

    def pressure(self) -> Pressure:
        if time.monotonic() >= self._open_again:  # on a full disk not even its folders were made
            with contextlib.suppress(SpoolError):
                self.open()
        pressure = self._watermark.pressure()
        if pressure is not Pressure.NONE:
            self._retention.relieve_in_background()
        return pressure

    def destinations(self) -> list[str]:
        """Those that have a folder, whether it holds anything or not. Raises SpoolError."""
        return [name for name in names(self.root) if re.fullmatch(DESTINATION, name, re.ASCII)]

    def scan(self, destination: str) -> Iterator[Entry]:
        """Every instance kept for a destination, urgent before routine, oldest folder first, sorted
        within a folder; segments that several processes began within a second in any order.
        Constant memory. What comes or goes meanwhile may be seen or not.
        Raises SpoolError.
        """
        for priority in (URGENT, ROUTINE):
            parent = f"{destination}/{priority}"
            for folder in names(self.root / parent):
                for path in kept.paths(self.root, f"{parent}/{folder}"):
                    with contextlib.suppress(ValueError):  # not ours: see spool check
                        yield Entry.at(path)

    def file(self, entry: Entry) -> Path:
        return kept.path_of(self.root, entry.path)

    def release(self, entry: Entry, sent: Sent | None = None) -> None:
        """As release_all. Raises SpoolError."""
        for fault in self.release_all({entry: sent}).values():
            raise fault

    def release_all(self, delivered: Mapping[Entry, Sent | None]) -> dict[Entry, SpoolError]:
        """Remove instances that their destination has; the ledger remembers them, from what is
        known since they were `sent`. Those that could not be removed, and why. Needs no sync: at
        worst they are sent twice.
        """
        leaving = [Leaving(entry, self.file(entry), sent) for entry, sent in delivered.items()]
        with open_segment.held():
            there = self._retention.ledger.note(leaving)
            failed = self._retention.delivered.retire(there)
        self._retention.ledger.catch_up()
        self._retention.tidy_if_due()
        stuck: dict[Entry, SpoolError] = {}
        for each in there:
            fault = failed.get(each.file)
            if isinstance(fault, Damaged):  # nobody will find it by that path any more
                log.error("instance.damaged", instance=each.entry.name)
            elif fault:
                stuck[each.entry] = spool_fault(fault, "remove an instance")
        return stuck

    def move(self, entry: Entry, destination: str) -> Entry:
        """Have another destination get it instead. Cut short, it may be in both places; once it is
        moved again, in the new one alone. Raises FileNotFoundError, SpoolError.
        """
        there = entry.at_home_in(destination)
        try:
            removal.move_below(self.root, self.file(entry), there.path, sync=self._sync)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise spool_fault(error, "move an instance") from None
        return there

    def ledger(self, sop_instance_uid: str | None = None) -> Iterator[dict[str, Any]]:
        """What was delivered, oldest first."""
        return self._retention.ledger.records(sop_instance_uid)

    def tidy(self) -> None:
        """Throw away what need not be kept."""
        self._retention.tidy()

    def tidy_if_due(self) -> None:
        """As tidy, once a minute, in the background; also done by release."""
        self._retention.tidy_if_due()

    def quarantine(self, entry: Entry, record: Mapping[str, object]) -> None:
        """Set an instance aside, durably, with a record of why. No patient data in the record.
        Raises FileNotFoundError if it is gone, SpoolError for anything else.
        """
        self._quarantine.put(entry, record)

    def quarantine_damage(self, path: str, record: Mapping[str, object]) -> None:
        """As quarantine, of what is no record any more: a segment, and the offset in it. Raises
        FileNotFoundError where nothing is damaged, SpoolError for anything else.
        """
        self._quarantine.put(damage.named(self.root, path), record, damage.move)

    def quarantined(self, destination: str | None = None) -> Iterator[Quarantined]:
        """What was set aside, oldest first in each destination."""
        return self._quarantine.list(destination)

    def quarantine_counts(self) -> Mapping[str, int]:
        """How many were set aside, by destination."""
        return self._quarantine.counts()

    def requeue(self, item: Quarantined) -> Entry:
        """Back into the spool, under the name it had. Raises FileNotFoundError, SpoolError."""
        return self._quarantine.requeue(item)

    def drop(self, item: Quarantined) -> bool:
        """Delete an instance for good: an operator's decision. Whether it was there. Raises
        SpoolError.
        """
        return self._quarantine.drop(item)

    def forget_record(self, record: Path) -> bool:
        """Remove a record in quarantine whose instance is gone; whether that was so. Raises
        SpoolError.
        """
        return self._quarantine.forget(record)

    def _no_room(self) -> None:
        """The disk has no room for an instance."""
        self._retention.relieve_in_background(refused=True)

    def _next_name(self, size: int) -> tuple[str, float]:
        """Later receptions of this process get later names, whatever the clock does."""
        with self._naming:
            self._named_last = max(time.time_ns(), self._named_last + 1)
            received = self._named_last
        return name_of(received, self._process, size), received / 1e9
