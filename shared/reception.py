"""One instance on its way into the spool: a partial file, then kept for each destination."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence

from shared.entry import SUFFIX, Entry
from shared.errors import SpoolError, SpoolFull
from shared.faults import spool_fault
from shared.folders import Filing, Folders
from shared.incoming import Incoming
from shared.sender import Sender
from shared.sync import sync_data

Naming = Callable[[int], tuple[str, float]]  # size -> name, time of reception
NOBODY: Mapping[str, Sender] = {}


class Reception:
    """Write, then keep or abandon. Not for several threads at once."""

    __slots__ = ("_descriptor", "_folders", "_name", "_no_room", "_partial", "_sync", "size")

    def __init__(
        self,
        incoming: Incoming,
        folders: Folders,
        name: Naming,
        no_room: Callable[[], None],
        *,
        sync: bool,
    ) -> None:
        """`no_room` is told when the disk takes no more, from any thread."""
        self._folders = folders
        self._no_room = no_room
        self._name = name
        self._sync = sync
        self.size = 0  # bytes written
        try:
            self._partial, self._descriptor = incoming.create()
        except OSError as error:
            raise self._fault(error, "begin an instance") from None

    def write(self, data: bytes | memoryview) -> None:
        """Append. Goes to the page cache: fast enough for an event loop. Raises SpoolError."""
        length = len(data)
        try:
            written = os.write(self._descriptor, data)
            while written < length:  # a disk that fills takes less than it was given
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            raise self._fault(error, "write an instance") from None
        self.size += length

    def keep(
        self,
        destinations: Sequence[str],
        *,
        urgent: bool = False,
        senders: Mapping[str, Sender] = NOBODY,
    ) -> list[Entry]:
        """Make the instance durable in each destination's folder; then, and not before, the sender
        may be told Success. `senders`: whom to remember, for the destinations that must know.
        Blocks. Raises SpoolError with nothing left behind.
        """
        if not destinations:
            raise ValueError("an instance without a destination would be kept for nobody")
        kept: list[Entry] = []
        try:
            self._finish_writing()
            self._name_in_each(destinations, urgent, senders, kept)
        except OSError as error:
            self._folders.remove(kept)
            raise self._fault(error, "keep an instance") from None
        finally:
            self.abandon()
        return kept

    def abandon(self) -> None:
        """Drop what was not kept. May be called at any time, any number of times."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1
        if self._partial:
            with contextlib.suppress(OSError):
                os.unlink(self._partial)  # noqa: PTH108  a string from the fast path
            self._partial = ""

    def _fault(self, error: OSError, doing: str) -> SpoolError:
        fault = spool_fault(error, doing)
        if isinstance(fault, SpoolFull):
            self._no_room()
        return fault

    def _finish_writing(self) -> None:
        if self._descriptor < 0:
            raise SpoolError("cannot keep an instance: it was abandoned")
        if self._sync:
            sync_data(self._descriptor)
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)  # NFS and quotas may report a failed write only here

    def _name_in_each(
        self,
        destinations: Sequence[str],
        urgent: bool,
        senders: Mapping[str, Sender],
        kept: list[Entry],
    ) -> None:
        name, received = self._name(self.size)
        partial = self._partial
        folders = []
        last = len(destinations) - 1
        for number, destination in enumerate(destinations):
            sender = senders.get(destination)
            file_name = f"{name}{sender.encoded if sender else ''}{SUFFIX}"
            # The data is there once, however many names it gets; the last one is the file's own.
            into = _named(os.rename if number == last else os.link, partial, file_name)
            folder = self._folders.file(into, destination, urgent=urgent, at=received)
            kept.append(Entry(f"{folder.path}/{file_name}", self.size))
            folders.append(folder)
        self._partial = ""
        if self._sync:
            for folder in folders:
                folder.sync()


def _named(way: Callable[[str, str], None], partial: str, name: str) -> Filing:
    return lambda folder: way(partial, f"{folder}/{name}")
