"""What was delivered: a line for each instance and destination, for as long as the settings say.

    <root>/.ledger/<YYYYMMDDHH>.jsonl

A version in .ledger/.version; lines of the same version may have fields that we do not know. It
answers "did we send it, when, and which bytes?" after the file is gone. It is history, not
truth: nothing reads it to decide anything, so a line is never worth holding up a delivery.
"""

import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from shared import kept, logs
from shared.entry import Entry
from shared.errors import SpoolError
from shared.folders import MODE, names
from shared.layout_version import check_version
from shared.record import Damaged
from shared.regular import create_regular, open_regular
from shared.spool_sections import SpoolSettings
from shared.uid import shown

FOLDER = ".ledger"
SUFFIX = ".jsonl"
VERSION = 1
HEAD = 1024  # bytes that the file meta information never exceeds: six elements, UIDs of 64
PIECE = 1024 * 1024  # bytes hashed at a time
LONGEST_LINE = 64 * 1024  # bytes; ours have some 300
LEFT = 1024 * 1024  # bytes that wait for room at most

_INSTANCE = re.compile(rb"\x02\0\x03\0UI[\0-\x42]\0([\x21-\x7e]+)\0?\x02\0\x10\0UI")

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What whoever sent an instance knows of its file."""

    sop_instance_uid: str
    sha256: str  # hexadecimal digits


class Leaving(NamedTuple):
    """An instance that its destination has."""

    entry: Entry
    file: Path
    sent: Sent | None = None  # spares reading it once more


class Ledger:
    """Safe to use from several threads and processes: lines are one write."""

    def __init__(self, root: Path, settings: SpoolSettings) -> None:
        self._folder = root / FOLDER
        self._age = settings.ledger_age
        self._bytes = settings.ledger_bytes
        self._digests = settings.ledger_digest
        self._lock = Lock()
        self._hour = ""
        self._descriptor = -1
        self._left = b""  # lines that a full disk did not take

    def note(self, leaving: Iterable[Leaving]) -> list[Leaving]:
        """They are delivered. Those that are there; no other fault matters. What a full disk does
        not take waits until they have left, see catch_up.
        """
        if not self._bytes:
            return list(leaving)
        there: list[Leaving] = []
        lines: list[bytes] = []
        for each in leaving:
            try:
                lines.append(self._line(each))
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("ledger.failed", reason=os.strerror(error.errno or 0))
            there.append(each)
        if lines:
            self._write(b"".join(lines))
        return there

    def catch_up(self) -> None:
        """Write what waits, now that there may be room."""
        if self._left:
            self._write(b"")

    def records(self, sop_instance_uid: str | None = None) -> Iterator[dict[str, Any]]:
        """Oldest first; of one instance, or all. Raises SpoolError for a later version's ledger."""
        if not self._folder.is_dir():
            return
        check_version(self._folder, VERSION)
        for name in self._files():
            for record in _records(self._folder / name):
                if sop_instance_uid in {None, record["sop_instance_uid"]}:
                    yield record

    def tidy(self, now: float) -> None:
        """Forget what is too old, and the oldest of what is too much: by the hour, and of this one
        nothing, as other processes write to its file.
        """
        oldest = _hour(now - self._age)
        this = _hour(now)
        kept = 0
        for name in reversed(self._files()):
            file = self._folder / name
            with contextlib.suppress(OSError):
                kept += file.stat().st_size
                if name < this and (name < oldest or kept > self._bytes):
                    file.unlink()

    def close(self) -> None:
        with self._lock:
            self._close()

    def _files(self) -> list[str]:
        return [name for name in names(self._folder) if name.endswith(SUFFIX)]

    def _line(self, leaving: Leaving) -> bytes:
        """Raises OSError, but never Damaged: it was delivered, whatever became of it since."""
        known = leaving.sent or Sent("", "")
        try:
            if leaving.sent and self._digests:
                kept.size(leaving.file)  # whether it is there
            else:
                known = self._read(leaving.file, known.sop_instance_uid)
        except Damaged:
            pass
        return _line(leaving.entry, known)

    def _read(self, path: Path, uid: str) -> Sent:
        """`uid`: if it is known. Raises OSError."""
        digest = _digest(path) if self._digests else ""
        with kept.opened(path) as file:
            return Sent(uid or _instance(file.read(HEAD, 0)), digest)

    def _write(self, lines: bytes) -> None:
        try:
            with self._lock:
                self._left = (self._left + lines)[-LEFT:]
                written = os.write(self._open(), self._left)
                self._left = _unwritten(self._left, written)
        except OSError as error:
            log.warning("ledger.failed", reason=os.strerror(error.errno or 0))
        except SpoolError as error:  # a later version's: it stays as it is, and deliveries go on
            self._left = b""
            log.warning("ledger.failed", reason=str(error))

    def _open(self) -> int:
        hour = _hour(time.time())
        if hour != self._hour or not os.fstat(self._descriptor).st_nlink:  # somebody removed it
            self._close()
            self._folder.mkdir(MODE, exist_ok=True)
            check_version(self._folder, VERSION)
            file = self._folder / f"{hour}{SUFFIX}"
            self._descriptor = create_regular(file, os.O_APPEND, 0o640)
            self._hour = hour
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._hour = -1, ""


def _line(entry: Entry, sent: Sent) -> bytes:
    record = {
        "time": round(time.time(), 3),
        "destination": entry.destination,
        "sop_instance_uid": sent.sop_instance_uid,
        "sha256": sent.sha256,
        "size": entry.size,
        "name": entry.name,
    }
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _unwritten(lines: bytes, written: int) -> bytes:
    """From the line on that was cut short, on a line of its own."""
    begin = lines.rfind(b"\n", 0, written) + 1
    return lines[begin:] if begin == written else b"\n" + lines[begin:]


def _hour(at: float) -> str:
    return time.strftime("%Y%m%d%H", time.gmtime(max(at, 0)))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with kept.stream(path) as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _instance(head: bytes) -> str:
    """Media Storage SOP Instance UID (0002,0003) of a file that we wrote; empty for any other."""
    found = _INSTANCE.search(head)
    return shown(found[1].decode("ascii").strip(" \0")) if found else ""


def _records(file: Path) -> Iterator[dict[str, Any]]:
    """Those that can be read: it is history, and one bad file hides no other."""
    with contextlib.suppress(OSError), os.fdopen(open_regular(file), "rb") as lines:
        while line := lines.readline(LONGEST_LINE):
            if record := _parsed(line):
                yield record


def _parsed(line: bytes) -> dict[str, Any] | None:
    """None for a line that a crash cut short, and for any other that is not ours."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "sop_instance_uid" in record else None
