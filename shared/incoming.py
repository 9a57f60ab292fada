"""Partial files: instances whose last byte has not come. They are dropped when their process ends.

Each process holds a lock on a file of its own, so that another one can tell its partial files from
those of a process that died, even where each container calls its process number 1.
"""

import contextlib
import fcntl
import itertools
import os
import re
from pathlib import Path
from threading import Lock

from shared.errors import SpoolError
from shared.spares import Partial, Spares, discard

FOLDER = ".incoming"
MODE = 0o640

_LOCK_FILE = re.compile(r"\.([0-9a-f]{8})\.lock")
_PARTIAL = re.compile(r"\.([0-9a-f]{8})-[0-9]+\.part")


class Incoming:
    def __init__(self, root: Path, process: int, *, ahead: bool) -> None:
        """`ahead`: have partial files ready before they are needed."""
        self._folder = f"{root}/{FOLDER}"
        self.process = f"{process:08x}"
        self._numbers = itertools.count()
        self.segments = itertools.count()  # of this process, numbered
        self._lock: int | None = None
        self._home: os.stat_result | None = None  # of the folder, as it was when it was begun with
        self._locking = Lock()
        self._spares = Spares(self._make_at_home) if ahead else None

    def create(self) -> Partial:
        """A new partial file. Raises OSError, SpoolError."""
        self.prove_home()
        return self._spares.take() if self._spares else self._make()

    def prove_home(self) -> None:
        """That what is kept now will be found again. Raises OSError, SpoolError."""
        if not self._holds():
            self._hold()

    def close(self) -> None:
        if self._spares:
            self._spares.close()
        with self._locking:
            if self._lock is not None:
                with contextlib.suppress(OSError):
                    os.unlink(self._lock_file())  # noqa: PTH108  as in _make
            self._let_go()

    def _make(self) -> Partial:
        path = f"{self._folder}/.{self.process}-{next(self._numbers)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return Partial(path, os.open(path, flags, MODE))

    def _make_at_home(self) -> Partial:
        """One that will still be there when it is used. Raises OSError, SpoolError."""
        made = self._make()
        try:
            self._prove_home()
        except (OSError, SpoolError):
            discard(made)
            raise
        return made

    def recover(self) -> int:
        """Remove what processes left that are no more; how many instances they had begun.

        Anything whose name is not one of ours stays. Raises OSError, SpoolError.
        """
        self._prove_home()
        names = os.listdir(self._folder)  # noqa: PTH208  names are enough
        owners = {found[1] for name in names if (found := _PARTIAL.fullmatch(name))}
        owners |= {found[1] for name in names if (found := _LOCK_FILE.fullmatch(name))}
        return sum(self._bury(owner, names) for owner in owners - {self.process})

    def _lock_file(self) -> str:
        return f"{self._folder}/.{self.process}.lock"

    def _holds(self) -> bool:
        return self._lock is not None and os.path.exists(self._lock_file())  # noqa: PTH110  _make

    def _hold(self) -> None:
        with self._locking:
            if self._holds():
                return
            self._prove_home()
            self._let_go()
            while self._lock is None:
                held = os.open(self._lock_file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
                fcntl.flock(held, fcntl.LOCK_EX)
                if _still_named(held, self._lock_file()):  # else taken for dead a moment ago
                    self._lock = held
                else:
                    os.close(held)

    def _prove_home(self) -> None:
        """In another file system, or in what a mount had covered, nobody would find again what a
        sender was told is safe. Raises OSError, SpoolError.
        """
        found = os.stat(self._folder)  # noqa: PTH116  as in _make
        self._home = self._home or found
        if not os.path.samestat(self._home, found):
            raise SpoolError(f"{self._folder}: is not what it was: is the spool mounted?")

    def _let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _bury(self, owner: str, names: list[str]) -> int:
        lock_file = f"{self._folder}/.{owner}.lock"
        held = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # alive
        else:
            left = [name for name in names if name.startswith(f".{owner}-")]
            begun = sum(self._unlink(name) for name in left)
            self._unlink(f".{owner}.lock")
            return begun
        finally:
            os.close(held)

    def _unlink(self, name: str) -> bool:
        """Whether it held anything: spare files do not."""
        path = f"{self._folder}/{name}"
        try:
            held = os.stat(path).st_size > 0  # noqa: PTH116  as in _make
            os.unlink(path)  # noqa: PTH108  as in _make
        except FileNotFoundError:  # another process recovers as well
            return False
        return held


def _still_named(descriptor: int, path: str) -> bool:
    try:
        named = os.stat(path)  # noqa: PTH116  as in _make
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(descriptor))
