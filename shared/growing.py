"""A segment that is appended to.

One that is used again is written through the page cache: its pages are there, and an uploader,
which keeps up where there is such a segment, will read them at once. A new one is written past it:
to fill memory can cost more than to write, and a modality that sends faster than an archive takes
must not push out of memory what others need. Without syncs all go through it, but the disk begins
at once, some MiB at a time, and what it has is forgotten: memory that is at hand serves again. The
first such segments stay in memory, for an uploader that keeps up.
"""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from shared import pool, scan, segment
from shared.entry import ROUTINE, URGENT
from shared.folders import HOUR, make
from shared.passing import Passing
from shared.record import LARGEST
from shared.regular import gone
from shared.segment import SUFFIX
from shared.sync import sync_data, sync_folder

CAPACITY = 32 * 1024 * 1024  # bytes of a segment
STRETCH = 2 * 1024 * 1024  # bytes that the disk is given together: for each alone that costs more
FOLLOWED = 16  # segments of one key that there may be where an uploader keeps up
MODE = 0o640

Key = tuple[str, bool]  # destination, urgent


class Owner(NamedTuple):
    """Whose segments they are."""

    root: Path  # of the spool
    process: str  # as of shared.incoming
    sync: bool  # whether nothing is kept before the disk has it
    numbers: Iterator[int]  # never one twice
    passing: Passing


class Growing:
    """Holds its lock until it is sealed. Not for several threads at once."""

    def __init__(self, owner: Owner, key: Key, at: float, elder: "Growing | None") -> None:
        """`at`: seconds since 1970; `elder`: the one that came before. Raises OSError."""
        self._sync = owner.sync
        destination, urgent = key
        self.hour = int(at // HOUR)  # since 1970
        self.begun = int(at)
        if elder and elder.hour == self.hour:  # where a clock was set back, time stands still
            self.begun = max(self.begun, elder.begun)
        parent = f"{destination}/{URGENT if urgent else ROUTINE}"
        make(owner.root, parent, sync=self._sync)
        self.end = 0  # bytes
        self.made = self.used = time.monotonic()  # `used`: at the last write
        self._passing: Passing | None = None  # where nothing waits for the disk
        self._given = 0  # bytes that it was, all the same
        self._descriptor = self._cached = -1
        while self._descriptor < 0:
            stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(self.begun))
            name = f"{stamp}-{owner.process}-{next(owner.numbers):08x}{SUFFIX}"
            self.path = f"{parent}/{name}"
            self.file: str = f"{owner.root}/{self.path}"
            self.generation: bytes = segment.generation_of(name)
            again = pool.take(owner.root, self.file)
            with suppress(FileExistsError):  # whoever tidies was faster than the lock
                self._descriptor = (
                    segment.create_locked(self.file, MODE) if again is None else again
                )
        try:
            self._itself = os.fstat(self._descriptor)
            hot = again is not None or not self._sync
            self._through_cache = hot and _is_followed(f"{owner.root}/{parent}")
            self._cached = segment.open_again(self._descriptor, os.O_RDWR)
            if not self._sync and not self._through_cache:
                self._passing = owner.passing
            if self._sync:
                sync_folder(f"{owner.root}/{parent}")
        except OSError:
            self.seal()
            raise

    def append(self, records: Sequence[memoryview], length: int) -> int:
        """`length` bytes in all. Where they begin. Raises OSError, with nothing kept."""
        begin = self.end
        try:
            self._write(records, length)
            self._prove_named()
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, begin)
            raise
        self.end += length
        self.used = time.monotonic()
        if self._passing and self.end - self._given >= STRETCH:
            self._pass_on(self._passing)
        return begin

    def seal(self) -> None:
        """Nothing will be appended any more. Never raises."""
        if self._passing:
            self._pass_on(self._passing)
        with suppress(OSError):
            os.ftruncate(self._descriptor, self.end)  # there may be more, of an earlier use
        last = self._descriptor
        if self._cached >= 0:  # else there was no descriptor to open it again, and nothing is in it
            last = self._cached
            with suppress(OSError):
                os.close(self._descriptor)  # and with it the lock
        with suppress(OSError):
            pool.part_with(self.file, last)
        with suppress(OSError):
            os.close(last)

    def give_back(self) -> None:
        """The space of what was delivered. Never raises."""
        with suppress(OSError):
            scan.give_back(self._cached, self.generation)

    def _write(self, records: Sequence[memoryview], length: int) -> None:
        past_cache = self._sync and not self._through_cache
        into = self._descriptor if past_cache else self._cached
        if os.pwritev(into, records, self.end) < length:  # what a full disk does
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._sync:
            sync_data(into)

    def _pass_on(self, passing: Passing) -> None:
        """To the disk what it was not given yet; what it has by now leaves memory. Never raises."""
        before = max(0, self._given - LARGEST)  # a page that lies across is one of a single write
        if passing.give(self._cached, before, self.end - before):
            self._given = self.end

    def _prove_named(self) -> None:
        """In a file that was removed, or that a mount has covered, nobody would find again what a
        sender was told is safe. Raises OSError.
        """
        named = os.lstat(self.file)
        if not os.path.samestat(named, self._itself):
            raise gone()


def _is_followed(folder: str) -> bool:
    return sum(each.endswith(SUFFIX) for each in os.listdir(folder)) <= FOLLOWED  # noqa: PTH208
