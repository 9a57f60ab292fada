"""Appends instances to segments, those together that came together: one write, one sync.

A segment belongs to a destination and a priority, and to the one process that holds its lock.
"""

import errno
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from shared import logs, segment
from shared.entry import ROUTINE, URGENT, Entry
from shared.errors import SpoolError
from shared.faults import spool_fault
from shared.folders import HOUR, make
from shared.incoming import Incoming
from shared.kept import path_in
from shared.segment import SUFFIX, Record
from shared.sender import Sender
from shared.staging import Staged
from shared.sync import sync_data, sync_folder

CAPACITY = 256 * 1024 * 1024  # bytes of a segment
TOGETHER = 32  # instances in a write
MODE = 0o640

log = logs.get(__name__)

Naming = Callable[[int], tuple[str, float]]  # size -> name, time of reception
Key = tuple[str, bool]  # destination, urgent


@dataclass(slots=True)
class Commit:
    """An instance to be kept, and what became of it."""

    staged: Staged
    destination: str
    urgent: bool
    sender: Sender | None
    token: object  # of whoever asked for it
    entry: Entry | None = field(default=None, init=False)  # where it is kept now
    fault: SpoolError | None = field(default=None, init=False)  # why it is not


Told = Callable[[Sequence[Commit]], None]


class Segments:
    def __init__(self, root: Path, incoming: Incoming, name: Naming, told: Told) -> None:
        """`told` of each commit that has come to its end, from a thread."""
        self._root = root
        self._incoming = incoming
        self._name = name
        self._told = told
        self._waiting: SimpleQueue[Commit | None] = SimpleQueue()
        self._open: dict[Key, _Segment] = {}
        self._thread = Thread(target=self._run, name="segments", daemon=True)
        self._thread.start()

    def commit(self, commit: Commit) -> None:
        """Never blocks, from any thread."""
        self._waiting.put(commit)

    def close(self) -> None:
        """Once all that was asked for is done."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while batch := self._batch():
            groups: defaultdict[Key, list[Commit]] = defaultdict(list)
            for each in batch:
                groups[each.destination, each.urgent].append(each)
            for key, group in groups.items():
                self._keep(key, group)
                try:
                    self._told(group)
                except Exception:  # a bug of ours must not leave all others without an answer
                    log.exception("segments.failed")
        for written in self._open.values():
            written.seal()

    def _batch(self) -> list[Commit]:
        """Those that wait, at least one; none at the end."""
        return list(islice(self._gathered(), TOGETHER))

    def _gathered(self) -> Iterator[Commit]:
        first = self._waiting.get()
        with suppress(Empty):
            while first is not None:
                yield first
                first = self._waiting.get_nowait()
            self._waiting.put(None)  # for the round after this

    def _keep(self, key: Key, group: Sequence[Commit]) -> None:
        fault: SpoolError | None = None
        try:
            self._append(key, group)
        except SpoolError as error:
            fault = error
        except OSError as error:
            fault = spool_fault(error, "keep an instance")
        except Exception as error:  # a bug of ours must not leave modalities without an answer
            log.exception("segments.failed")
            fault = SpoolError(f"cannot keep an instance ({type(error).__name__})")
        if fault and (broken := self._open.pop(key, None)):
            broken.seal()
        for each in group:
            each.fault = fault
            each.staged.abandon()

    def _append(self, key: Key, group: Sequence[Commit]) -> None:
        named = [self._name(each.staged.size) for each in group]
        names = [
            name + (each.sender.encoded if each.sender else "")
            for each, (name, _) in zip(group, named, strict=True)
        ]
        views = [each.staged.record(name) for each, name in zip(group, names, strict=True)]
        into = self._segment(key, named[-1][1], sum(map(len, views)))
        offset = into.append(views)
        for each, name, view in zip(group, names, views, strict=True):
            record = Record(name, offset, each.staged.size)
            each.entry = Entry(path_in(into.path, record), record.size)
            offset += len(view)

    def _segment(self, key: Key, at: float, more: int) -> "_Segment":
        found = self._open.get(key)
        hour = int(at // HOUR)
        if found and found.hour == hour and found.end + more <= CAPACITY:
            return found
        if found:
            del self._open[key]
            found.seal()
        self._incoming.prove_home()
        begun = int(at)
        if found and found.hour == hour:
            begun = max(begun, found.begun + 1)
        made = _Segment(self._root, key, self._incoming.process, begun, hour)
        self._open[key] = made
        return made


class _Segment:
    """One that is appended to."""

    def __init__(self, root: Path, key: Key, process: str, begun: int, hour: int) -> None:
        """`hour`: since 1970. Raises OSError."""
        destination, urgent = key
        parent = f"{destination}/{URGENT if urgent else ROUTINE}"
        make(root, parent, sync=True)
        self.hour = hour
        self._descriptor = -1
        while self._descriptor < 0:
            stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(begun))
            self.path = f"{parent}/{stamp}-{process}{SUFFIX}"
            self._file = root / self.path
            self.begun = begun
            begun += 1
            with suppress(FileExistsError):
                self._descriptor = segment.create_locked(self._file, MODE)
        self.end = 0
        try:
            sync_folder(str(self._file.parent))
        except OSError:
            self.seal()
            raise

    def append(self, records: Sequence[memoryview]) -> int:
        """Where they begin. Raises OSError, with nothing kept."""
        begin = self.end
        try:
            _write(self._descriptor, records, begin)
            sync_data(self._descriptor)
            self._prove_named()
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, begin)
            raise
        self.end += sum(map(len, records))
        return begin

    def seal(self) -> None:
        """Nothing will be appended any more. Never raises."""
        with suppress(OSError):
            if segment.is_empty(self._descriptor) and segment.is_named(
                self._file, self._descriptor
            ):
                self._file.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self._descriptor)

    def _prove_named(self) -> None:
        """In a file that was removed, or that a mount has covered, nobody would find again what a
        sender was told is safe. Raises OSError.
        """
        if not segment.is_named(self._file, self._descriptor):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _write(descriptor: int, records: Sequence[memoryview], offset: int) -> None:
    if os.pwritev(descriptor, records, offset) < sum(map(len, records)):  # what a full disk does
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
