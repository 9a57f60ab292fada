"""The folders that instances are kept in: one an hour, or one per 4,096 instances in a flood.

Small folders keep three things bounded: what a scan sorts at a time, what a sync of the folder has
to write, and what an unlink has to search.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock

from shared.entry import ROUTINE, URGENT, Entry
from shared.faults import spool_fault
from shared.regular import NO_SUCH_PLACE
from shared.sync import SharedSync, sync_folder

CAPACITY = 4096  # files that one process puts into one folder
MODE = 0o750
HOUR = 3600.0  # seconds
IDLE = 2 * HOUR  # seconds; nobody keeps into a folder that is older any more


Filing = Callable[[str], object]  # renames or links a file into the folder it is given


class Folder:
    def __init__(self, root: Path, path: str, hour: int, begun: int) -> None:
        self.path = path  # relative to the root
        self.hour = hour  # since 1970
        self.begun = begun  # seconds since 1970, as in its name
        self.absolute = f"{root}/{path}"
        self.sync = SharedSync(self.absolute)
        self.taken = 0


class Folders:
    """Hands out the folder to keep into. Safe to use from several threads."""

    def __init__(self, root: Path, *, sync: bool) -> None:
        self._root = root
        self._sync = sync
        self._lock = Lock()
        self._current: dict[tuple[str, bool], Folder] = {}

    def take(self, destination: str, *, urgent: bool, at: float) -> Folder:
        """The folder for one more instance received `at` that time. Raises OSError."""
        hour = int(at // HOUR)
        with self._lock:
            folder = self._current.get((destination, urgent))
            if folder is None or folder.hour != hour or folder.taken >= CAPACITY:
                folder = self._begin(destination, urgent, at, hour)
            folder.taken += 1
            return folder

    def file(self, into: Filing, destination: str, *, urgent: bool, at: float) -> Folder:
        """Have an instance filed into the folder of the hour. Raises OSError."""
        folder = self.take(destination, urgent=urgent, at=at)
        try:
            into(folder.absolute)
        except OSError as error:
            if error.errno not in NO_SUCH_PLACE:
                raise
            self._forget(folder)  # somebody tidied the folder away, or put something in its place
            folder = self.take(destination, urgent=urgent, at=at)
            into(folder.absolute)
        return folder

    def _forget(self, folder: Folder) -> None:
        with self._lock:
            self._current = {k: v for k, v in self._current.items() if v is not folder}

    def remove(self, entries: Iterable[Entry]) -> None:
        """Take back names that may not be durable: the sender is not told Success."""
        for entry in entries:
            with contextlib.suppress(OSError):
                (self._root / entry.path).unlink(missing_ok=True)

    def _begin(self, destination: str, urgent: bool, at: float, hour: int) -> Folder:
        parent = f"{destination}/{URGENT if urgent else ROUTINE}"
        last = self._current.get((destination, urgent))
        begun = int(at)
        if last and last.hour == hour:  # where a clock was set back, time stands still until then
            begun = max(begun, last.begun + 1)
        name = time.strftime("%Y%m%d%H%M%S", time.gmtime(begun))
        folder = Folder(self._root, f"{parent}/{name}", hour, begun)
        make(self._root, folder.path, sync=self._sync)
        self._current[destination, urgent] = folder
        return folder


def make(root: Path, path: str, *, sync: bool) -> None:
    """Create a folder below the root, and each above it, durably. Raises OSError."""
    below = str(root)
    for part in path.split("/"):
        above, below = below, f"{below}/{part}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(below, MODE)  # noqa: PTH102  strings are what the fast path works with
        if sync:  # also where it exists: whoever made it may not have got this far
            sync_folder(above)


def make_root(root: Path, *, sync: bool) -> None:
    """Create the root and what lacks above it, durably. Raises OSError."""
    missing = [each for each in (root, *root.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(MODE, exist_ok=True)
        if sync:
            sync_folder(str(each.parent))
    if not root.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "no folder", str(root))


def names(folder: Path) -> list[str]:
    """Sorted; none where there is no such folder. Raises SpoolError."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  names are enough
    except OSError as error:
        if error.errno in NO_SUCH_PLACE:
            return []
        raise spool_fault(error, f"list {folder}") from None


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One process or thread at a time, of those that ask for it. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_idle(parent: Path, *, before: float) -> None:
    """Remove folders that are empty and were begun before that time; a full one resists."""
    oldest = time.strftime("%Y%m%d%H%M%S", time.gmtime(before))
    with contextlib.suppress(OSError):
        for name in os.listdir(parent):  # noqa: PTH208  names are enough
            if name < oldest:
                with contextlib.suppress(OSError):
                    (parent / name).rmdir()
