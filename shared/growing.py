"""A segment that is appended to.

What an uploader will read at once is left in the page cache, and what it will not read soon is not:
to fill memory can cost more than to write, and a modality that sends faster than an archive takes
must not push out of memory what others need.
"""

import errno
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from shared import segment
from shared.entry import ROUTINE, URGENT
from shared.folders import HOUR, make
from shared.segment import SUFFIX
from shared.sync import sync_data, sync_folder

# Bytes that are not delivered; with less, an uploader keeps up: each of its four workers has a
# request under way, of 64 MiB at most.
FOLLOWED = 256 * 1024 * 1024
BETWEEN = 4 * 1024 * 1024  # bytes between two looks at that
LARGE = 256 * 1024  # bytes; to have fewer written out by themselves costs more than to fill memory
SECTOR = 512  # bytes; what st_blocks counts
MODE = 0o640
_DONTCACHE = 0x80  # RWF_DONTCACHE, Linux 6.14: written out at once, and then forgotten

Key = tuple[str, bool]  # destination, urgent


class Owner(NamedTuple):
    """Whose segments they are."""

    root: Path  # of the spool
    process: str  # as of shared.incoming
    sync: bool  # whether nothing is kept before the disk has it


class Growing:
    """Holds its lock until it is sealed. Not for several threads at once."""

    def __init__(self, owner: Owner, key: Key, at: float, elder: "Growing | None") -> None:
        """`at`: seconds since 1970; `elder`: the one that came before. Raises OSError."""
        root, process, self._sync = owner
        destination, urgent = key
        self.hour = int(at // HOUR)  # since 1970
        begun = int(at)
        if elder and elder.hour == self.hour:
            begun = max(begun, elder.begun + 1)
        parent = f"{destination}/{URGENT if urgent else ROUTINE}"
        make(root, parent, sync=self._sync)
        self._elder: str = elder.file if elder else ""
        self._descriptor = self._cached = -1
        while self._descriptor < 0:
            stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(begun))
            self.path = f"{parent}/{stamp}-{process}{SUFFIX}"
            self.file: str = f"{root}/{self.path}"
            self.begun: int = begun
            begun += 1
            with suppress(FileExistsError):
                self._descriptor = segment.create_locked(Path(self.file), MODE)
        self.end = self._look_at = 0
        self._followed = True
        self._forgetting = _DONTCACHE
        try:
            self._cached = segment.open_again(self._descriptor, os.O_WRONLY)
            if self._sync:
                sync_folder(os.path.dirname(self.file))  # noqa: PTH120  as in shared.incoming
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
        return begin

    def seal(self) -> None:
        """Nothing will be appended any more. Never raises."""
        with suppress(OSError):
            segment.remove_if_done(Path(self.file), self._descriptor)
        for each in (self._descriptor, self._cached):
            with suppress(OSError):
                os.close(each)

    def _write(self, records: Sequence[memoryview], length: int) -> None:
        if self._sync:
            into = self._cached if self._is_followed() else self._descriptor
            _write(into, records, self.end, length)
            sync_data(into)
            return
        flags = self._forgetting if length >= LARGE and not self._is_followed() else 0
        try:
            _write(self._cached, records, self.end, length, flags)
        except OSError as error:
            if not flags or error.errno not in {errno.EOPNOTSUPP, errno.EINVAL}:
                raise
            self._forgetting = 0  # this kernel, or file system, cannot
            _write(self._cached, records, self.end, length)

    def _is_followed(self) -> bool:
        if self.end >= self._look_at:
            self._look_at = self.end + BETWEEN
            self._followed = _left_in(self._descriptor) + _left_in(self._elder) < FOLLOWED
        return self._followed

    def _prove_named(self) -> None:
        """In a file that was removed, or that a mount has covered, nobody would find again what a
        sender was told is safe. Raises OSError.
        """
        if not segment.is_named(self.file, self._descriptor):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _write(
    descriptor: int, records: Sequence[memoryview], offset: int, length: int, flags: int = 0
) -> None:
    if os.pwritev(descriptor, records, offset, flags) < length:  # what a full disk does
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _left_in(file: str | int) -> int:
    """Bytes that are not delivered; 0 where it is gone, or there is none."""
    try:
        return os.stat(file).st_blocks * SECTOR  # noqa: PTH116  as in shared.incoming
    except OSError:
        return 0
