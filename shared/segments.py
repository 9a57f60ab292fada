"""Segments: instances that came together are appended together, in one write.

A segment belongs to a destination and a priority, and to the one process that holds its lock.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared import growing, logs, pool
from shared.entry import Entry
from shared.errors import SpoolError
from shared.faults import spool_fault
from shared.folders import HOUR
from shared.growing import Growing, Key, Owner
from shared.incoming import Incoming
from shared.kept import path_in
from shared.passing import Passing
from shared.record import length_of
from shared.sender import Sender
from shared.staging import Staged

IDLE = 10.0  # seconds without an instance, after which a segment ends

log = logs.get(__name__)

Naming = Callable[[int], tuple[str, float]]  # size -> name, time of reception


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

    @property
    def key(self) -> Key:
        return self.destination, self.urgent


class Segments:
    """Not for several threads at once."""

    def __init__(self, root: Path, incoming: Incoming, name: Naming, *, sync: bool) -> None:
        self._owner = Owner(root, incoming.process, sync, incoming.segments, Passing())
        self._incoming = incoming
        self._name = name
        self._open: dict[Key, Growing] = {}

    def keep(self, key: Key, group: Sequence[Commit]) -> None:
        """All of one key, or none: they come to their end. Never raises."""
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

    def rest(self) -> None:
        """End what has been idle, and give back what was delivered of the rest: it is patient data.
        To be called now and then. Never raises.
        """
        before = time.monotonic() - IDLE
        for key, each in list(self._open.items()):
            if each.used < before:
                del self._open[key]
                each.seal()
            elif each.made < before:
                each.give_back()
        pool.empty(self._owner.root, before=time.time() - pool.KEPT)

    def close(self) -> None:
        for each in self._open.values():
            each.seal()
        self._open.clear()
        self._owner.passing.close()

    def _append(self, key: Key, group: Sequence[Commit]) -> None:
        named, length, at = [], 0, 0.0
        for each in group:
            name, at = self._name(each.staged.size)
            named.append((each, name + each.sender.encoded if each.sender else name))
            length += length_of(each.staged.size)
        into = self._segment(key, at, length)
        views = [each.staged.record(name, into.generation) for each, name in named]
        offset = into.append(views, length)
        for (each, name), view in zip(named, views, strict=True):
            each.entry = Entry(path_in(into.path, offset, name), each.staged.size)
            offset += len(view)

    def _segment(self, key: Key, at: float, more: int) -> Growing:
        found = self._open.get(key)
        if found and found.hour == int(at // HOUR) and found.end + more <= growing.CAPACITY:
            return found
        if found:
            del self._open[key]
            found.seal()
        self._incoming.prove_home()
        made = Growing(self._owner, key, at, found)
        self._open[key] = made
        return made
