"""Looks through a spool for what is not as it should be. Deletes no instance, and touches nothing
that is not ours: what cannot be sent goes to quarantine, with the reason.
"""

import os
import re
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared import delivered, incoming, kept, ledger, pool, quarantine, removal, segment
from shared.damage import PREFIX, PREFIX_AT
from shared.entry import DESTINATION, SEGMENT, SUFFIX, Entry
from shared.faults import spool_fault
from shared.folders import names
from shared.layout_version import FILE as VERSION_FILE
from shared.record import Record
from shared.spool import Spool

OURS = frozenset(
    {incoming.FOLDER, quarantine.FOLDER, delivered.FOLDER, ledger.FOLDER, pool.FOLDER, ".redis"}
)
PIECE = 1024 * 1024  # bytes read at a time
UNROUTED = "its destination is configured no more"
LOST = "what was known of it was lost on the disk"
GRACE = 60.0  # seconds in which a new instance may be announced, before it counts as not indexed
_COPY = re.compile(rf".+/\.[0-9a-f]{{8}}{re.escape(removal.PARTIAL)}", re.ASCII)


class Kind(StrEnum):
    ORPHAN = "orphan"  # kept for a destination that the settings do not have: nobody sends it
    TRUNCATED = "truncated"  # of another size than its name says
    UNREADABLE = "unreadable"  # cannot be read, or is no Part 10 file
    DAMAGED = "damaged"  # in a segment, and no instance any more
    UNINDEXED = "unindexed"  # not in the index; a scan will add it
    GONE = "gone"  # in the index, but not in the spool
    RECORD_ALONE = "record-alone"  # a record in quarantine whose instance is gone
    CUT_SHORT = "cut-short"  # a copy whose maker was killed; what it is of is where it was
    STRAY = "stray"  # nothing of ours: never touched


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    path: str  # relative to the spool's root
    detail: str = ""
    entry: Entry | None = None


@dataclass(slots=True)
class Looked:
    """At how much, so far; of what destinations of the settings wait for, the number."""

    instances: int = 0
    bytes: int = 0
    waiting: int = 0

    def at(self, entry: Entry, *, waits: bool) -> None:
        self.instances += 1
        self.bytes += entry.size
        self.waiting += waits


def check(
    spool: Spool,
    destinations: Collection[str],
    indexed: Collection[str] | None = None,
    *,
    deep: bool = False,
    looked: Looked | None = None,
) -> Iterator[Finding]:
    """`destinations`: those of the settings; `indexed`: paths that the index knows, if it could be
    asked; `deep`: read every byte; `looked`: counts what is looked at. What comes and goes
    meanwhile is no finding. Raises SpoolError.
    """
    missing = set(indexed) if indexed is not None else None
    counts = looked or Looked()
    for finding in _all(spool, destinations, missing, counts, deep=deep):
        if finding.entry is None or kept.exists(spool.file(finding.entry)):
            yield finding
    for path in sorted(missing or ()):
        if not kept.exists(spool.root / path):
            yield Finding(Kind.GONE, path)
    yield from _of_quarantine(spool.root)


def repair(spool: Spool, finding: Finding, *, orphans_to: str | None = None) -> str:
    """What was done about it; empty if there was nothing to do, or it is the index's matter.

    Raises SpoolError; FileNotFoundError if it is gone.
    """
    match finding:
        case Finding(Kind.TRUNCATED | Kind.UNREADABLE, entry=Entry() as entry):
            spool.quarantine(entry, {"reason": finding.kind.value, "detail": finding.detail})
            return "set aside in quarantine"
        case Finding(Kind.DAMAGED):
            spool.quarantine_damage(finding.path, {"reason": "damaged", "detail": finding.detail})
            return "set aside in quarantine"
        case Finding(Kind.ORPHAN, entry=Entry() as entry) if orphans_to:
            spool.move(entry, orphans_to)
            return f"moved to {orphans_to}"
        case Finding(Kind.CUT_SHORT):
            _remove(spool.root / finding.path)
            return "removed"
        case Finding(Kind.RECORD_ALONE):
            removed = spool.forget_record(spool.root / finding.path)
            return "removed" if removed else "not alone any more"
    return ""


def _remove(file: Path) -> None:
    try:
        file.unlink()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise spool_fault(error, "remove what was cut short") from None


def _all(
    spool: Spool,
    destinations: Collection[str],
    missing: set[str] | None,
    looked: Looked,
    *,
    deep: bool,
) -> Iterator[Finding]:
    youngest = time.time() - GRACE
    for path in _paths(spool.root):
        try:
            entry = Entry.at(path)
        except ValueError:
            yield from _no_entry(spool.root, path)
            continue
        looked.at(entry, waits=entry.destination in destinations)
        indexed = missing is None or path in missing
        if missing:
            missing.discard(path)
        yield from _fault(spool.file(entry), entry, deep=deep)
        if entry.destination not in destinations:
            yield Finding(Kind.ORPHAN, path, UNROUTED, entry)
        elif not indexed and entry.received < youngest:
            yield Finding(Kind.UNINDEXED, path, entry=entry)


def _no_entry(root: Path, path: str) -> Iterator[Finding]:
    if f"{segment.SUFFIX}/" in path:
        yield Finding(Kind.DAMAGED, path, LOST)
    elif not _COPY.fullmatch(path):
        yield Finding(Kind.STRAY, path)
    else:
        yield from _cut_short(root, path)


def _cut_short(root: Path, path: str) -> Iterator[Finding]:
    """Not one that is under way."""
    with suppress(FileNotFoundError):
        if (root / path).lstat().st_mtime < time.time() - GRACE:
            yield Finding(Kind.CUT_SHORT, path)


def _paths(root: Path) -> Iterator[str]:
    """Of every file, the spool's own folders apart; a folder at a time."""
    for name in names(root):
        if name in OURS or name.startswith(VERSION_FILE):
            continue
        if re.fullmatch(DESTINATION, name, re.ASCII) and (root / name).is_dir():
            for priority in names(root / name):
                for folder in names(root / name / priority) or [""]:
                    yield from _files(root, f"{name}/{priority}/{folder}".rstrip("/"))
        else:
            yield name


def _files(root: Path, path: str) -> Iterator[str]:
    if re.fullmatch(rf".*/{SEGMENT}", path, re.ASCII) and (root / path).is_file():
        for found in kept.records(root / path):
            if isinstance(found, Record):
                yield kept.path_in(path, found.offset, found.name)
            else:
                yield f"{path}/{found.offset:08x}"
    elif (root / path).is_dir():
        for name in names(root / path):
            yield f"{path}/{name}"
    elif os.path.lexists(root / path):  # else it went just now
        yield path


def _fault(file: Path, entry: Entry, *, deep: bool) -> Iterator[Finding]:
    try:
        with kept.opened(file) as found:
            size = found.size
            prefix = found.read(len(PREFIX), PREFIX_AT)
            for offset in range(0, size if deep else 0, PIECE):
                found.read(PIECE, offset)
    except FileNotFoundError:
        return
    except OSError as error:
        yield Finding(Kind.UNREADABLE, entry.path, error.strerror or "", entry)
        return
    if size != entry.size:
        detail = f"{size} bytes instead of {entry.size}"
        yield Finding(Kind.TRUNCATED, entry.path, detail, entry)
    elif prefix != PREFIX:
        yield Finding(Kind.UNREADABLE, entry.path, "no Part 10 file", entry)


def _of_quarantine(root: Path) -> Iterator[Finding]:
    folder = root / quarantine.FOLDER
    for destination in names(folder):
        for name in names(folder / destination):
            record = folder / destination / name
            path = str(record.relative_to(root))
            if _COPY.fullmatch(path):
                yield from _cut_short(root, path)
            if record.suffix == quarantine.RECORD and not record.with_suffix(SUFFIX).exists():
                yield Finding(Kind.RECORD_ALONE, path)
