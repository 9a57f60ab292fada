"""Instances that a destination refuses, set aside with the reason until an operator decides.

<root>/.quarantine/<destination>/<name>.dcm and <name>.json
"""

import contextlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared import damage, kept, logs, removal
from shared.entry import DESTINATION, NAME, SUFFIX, Entry, received_at, size_of
from shared.errors import SpoolError
from shared.faults import spool_fault
from shared.folders import Folders, alone_in, make, names
from shared.layout_version import refuse_later
from shared.record import Damaged
from shared.regular import open_regular, replace_regular
from shared.sync import sync_folder

log = logs.get(__name__)

FOLDER = ".quarantine"
RECORD = ".json"
DAMAGED = "damaged"  # in a record: the file is not what was received
LONGEST_RECORD = 64 * 1024  # characters; ours have some 400
MODE = 0o640

Move = Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One instance set aside."""

    destination: str
    name: str  # as in the spool, without suffix
    record: Mapping[str, object]  # why; empty where it could not be written or read
    since: float  # when it was set aside, or touched in any way; seconds since 1970

    @property
    def received(self) -> float:
        """Seconds since 1970."""
        return received_at(self.name)

    @property
    def why(self) -> str:
        """In words for an operator."""
        return str(self.record.get("detail") or self.record.get("verdict") or "no record")

    @property
    def damaged(self) -> bool:
        """It is not what was received, and cannot be put back."""
        return bool(self.record.get(DAMAGED))

    @property
    def sop_instance_uid(self) -> str:
        """Empty where it is not known."""
        return str(self.record.get("sop_instance_uid", ""))

    @property
    def size(self) -> int:
        return size_of(self.name)


def place(root: Path, item: Quarantined) -> Path:
    """The file that was set aside, in the spool at `root`."""
    return root / FOLDER / item.destination / (item.name + SUFFIX)


class Quarantine:
    def __init__(self, root: Path, folders: Folders, version: int) -> None:
        """`version`: the layout that is known."""
        self._root = root
        self._version = version
        self._folders = folders

    def file(self, item: Quarantined) -> Path:
        return place(self._root, item)

    def put(self, entry: Entry, record: Mapping[str, object], move: Move | None = None) -> None:
        """`move`: what takes out of the spool what is damaged; None: it may be sound. What a later
        version keeps, while we are still there, may look damaged to us: it is left to that one.
        """
        folder = self._root / FOLDER / entry.destination
        file = folder / (entry.name + SUFFIX)
        told = {**record, "urgent": entry.urgent}
        try:
            make(self._root, f"{FOLDER}/{entry.destination}", sync=True)
            with alone_in(folder), _record_of(file):
                _prove_there(self._root / entry.path)
                if move is None:
                    _try_to_write(file.with_suffix(RECORD), told)
                    move = self._moved(entry, file)
                if move:
                    refuse_later(self._root, self._version)
                    _write(file.with_suffix(RECORD), {**told, DAMAGED: True})
                    move(self._root / entry.path, file)
            sync_folder(str(folder))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise spool_fault(error, "set an instance aside") from None

    def _moved(self, entry: Entry, file: Path) -> Move | None:
        """None; or what moves it, where it is damaged. Raises OSError."""
        try:
            removal.move(self._root / entry.path, file)
        except Damaged:
            return damage.move_as_it_is
        return None

    def list(self, destination: str | None, *, records: bool = True) -> Iterator[Quarantined]:
        """`records`: each with the reason, which takes a KiB of memory and a file to be read."""
        for each, stem in self._names(destination):
            folder = self._root / FOLDER / each
            with contextlib.suppress(FileNotFoundError):  # dropped or put back just now
                record = _read(folder / (stem + RECORD)) if records else {}
                yield Quarantined(each, stem, record, _since(folder / (stem + SUFFIX)))

    def record(self, item: Quarantined) -> Mapping[str, object]:
        """Empty where it could not be written or read."""
        return _read(self.file(item).with_suffix(RECORD))

    def counts(self) -> Counter[str]:
        """How many there are of each destination, without a look into any."""
        return Counter(destination for destination, _ in self._names(None))

    def _names(self, destination: str | None) -> Iterator[tuple[str, str]]:
        wanted = [destination] if destination else names(self._root / FOLDER)
        for each in wanted:
            if not re.fullmatch(DESTINATION, each, re.ASCII):
                continue
            for name in names(self._root / FOLDER / each):
                stem = name.removesuffix(SUFFIX)
                if stem != name and re.fullmatch(NAME, stem, re.ASCII):
                    yield each, stem

    def requeue(self, item: Quarantined) -> Entry:
        file = self.file(item)
        if _read(file.with_suffix(RECORD)).get(DAMAGED):
            raise SpoolError(f"{item.name} is not what was received: it is never sent")
        try:
            with alone_in(file.parent):
                folder = self._folders.file(
                    lambda folder: file.rename(f"{folder}/{file.name}"),
                    item.destination,
                    urgent=item.record.get("urgent") is True,
                    at=time.time(),
                )
                _forget_alone(file.with_name(item.name + RECORD))
            folder.sync()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise spool_fault(error, "put an instance back") from None
        return Entry(f"{folder.path}/{file.name}", item.size)

    def drop(self, item: Quarantined) -> bool:
        """Whether it was there."""
        file = self.file(item)
        try:
            with alone_in(file.parent):
                file.unlink()
                _forget_alone(file.with_name(item.name + RECORD))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise spool_fault(error, "drop an instance") from None
        return True

    def forget(self, record: Path) -> bool:
        """Remove a record whose instance is gone; whether that was so. Raises SpoolError."""
        try:
            with alone_in(record.parent):
                alone = _is_alone(record)
                if alone:
                    record.unlink(missing_ok=True)
                return alone
        except FileNotFoundError:
            return False
        except OSError as error:
            raise spool_fault(error, "remove a record") from None


def _prove_there(path: Path) -> None:
    """Else somebody has set it aside meanwhile, with a record of why. Raises FileNotFoundError."""
    if not kept.exists(path):
        raise FileNotFoundError


@contextlib.contextmanager
def _record_of(file: Path) -> Iterator[None]:
    """Nothing is set aside without it, and it does not stay alone."""
    try:
        yield
    except (OSError, SpoolError):
        _forget_alone(file.with_suffix(RECORD))
        raise


def _try_to_write(file: Path, record: Mapping[str, object]) -> None:
    """A full disk must not keep a poison instance in the spool: then it goes without its record."""
    try:
        _write(file, record)
    except OSError as error:
        log.warning("quarantine.record_lost", reason=os.strerror(error.errno or 0))


def _write(file: Path, record: Mapping[str, object]) -> None:
    """Raises OSError, with nothing left."""
    replace_regular(file, json.dumps(record, indent=1), MODE)


def _read(file: Path) -> Mapping[str, object]:
    """Empty for a record that is none of ours, whatever it is."""
    try:
        with os.fdopen(open_regular(file), encoding="utf-8") as stream:
            found = json.loads(stream.read(LONGEST_RECORD))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _since(file: Path) -> float:
    """Renaming a file changes ctime where file systems are as usual; the record might be lost."""
    found = file.lstat()
    return max(found.st_ctime, found.st_mtime)


def _forget_alone(record: Path) -> None:
    """What has its place is not ours, and stays: spool check tells of it."""
    if _is_alone(record):
        with contextlib.suppress(OSError):
            record.unlink(missing_ok=True)


def _is_alone(record: Path) -> bool:
    return not record.with_suffix(SUFFIX).exists()
