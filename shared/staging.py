"""An instance while it comes in: in memory, where there is room and it is not too large."""

from collections.abc import Callable
from threading import Lock

from shared.checksum import checksum
from shared.memory import LARGE_PAGE, large
from shared.reception import Reception
from shared.record import BLOCK, LARGEST, MARK, frame, length_of

MOST = 32  # receptions at once; others get files


class Staging:
    """Buffers for receptions, used again and again. Safe to use from several threads."""

    def __init__(self) -> None:
        self._free: list[memoryview] = []
        self._made = 0
        self._lock = Lock()

    def take(self) -> memoryview | None:
        """None: all are in use, or there is no memory for another."""
        with self._lock:
            if self._free:
                return self._free.pop()
            if self._made == MOST:
                return None
            try:
                page = large(LARGE_PAGE)
            except OSError:  # no memory
                return None
            self._free += (page[at : at + LARGEST] for at in range(0, LARGE_PAGE, LARGEST))
            self._made += LARGE_PAGE // LARGEST
            return self._free.pop()

    def give(self, buffer: memoryview) -> None:
        with self._lock:
            self._free.append(buffer)


class Staged:
    """As a Reception, in memory until it is kept or grows too large. Not for several threads."""

    __slots__ = ("_buffer", "_checksum", "_file", "_files", "_most", "_staging", "_view", "size")

    def __init__(
        self, staging: Staging, buffer: memoryview, files: Callable[[], Reception]
    ) -> None:
        self._staging = staging
        self._buffer: memoryview | None = buffer
        self._view = buffer
        self._files = files
        self._file: Reception | None = None
        self._most = LARGEST - MARK  # of the buffer; none once there is a file
        self.size = 0  # bytes written
        self._checksum = b""

    def write(self, data: bytes | memoryview) -> None:
        """Append. Raises SpoolError."""
        at = BLOCK + self.size
        end = at + len(data)
        if end > self._most:
            self.in_file().write(data)
        else:
            self._view[at:end] = data
        self.size = end - BLOCK

    def in_file(self) -> Reception:
        """From now on it is written to a file of its own. Raises SpoolError."""
        if self._file is None:
            self._file, self._most = self._files(), 0
            self._file.write(self._view[BLOCK : BLOCK + self.size])
            self._release()
        return self._file

    @property
    def in_memory(self) -> bool:
        return self._buffer is not None

    def record(self, name: str, generation: bytes) -> memoryview:
        """Complete, as a segment has it."""
        record = self._view[: length_of(self.size)]
        frame(record, name, self.size, self._checksum or self._sum(), generation)
        return record

    def hand_over(self) -> "Staged":
        """Whoever commits it abandons it then; until then the receiver has nothing to abandon."""
        # Summed up here: for another thread's processor it is a long way to the bytes. And first:
        # whatever that raises, the buffer is the receiver's to give back.
        summed = self._sum()
        other = Staged(self._staging, self._taken(), self._files)
        other.size, other._checksum = self.size, summed
        return other

    def _sum(self) -> bytes:
        return checksum(self._view[BLOCK : BLOCK + self.size])

    def abandon(self) -> None:
        """Drop what was not kept. May be called at any time, any number of times."""
        if self._file:
            self._file.abandon()
        if self._buffer:
            self._release()

    def _release(self) -> None:
        self._staging.give(self._taken())

    def _taken(self) -> memoryview:
        buffer, self._buffer = self._buffer, None
        if buffer is None:
            raise ValueError("it is not in memory any more")
        self._view = memoryview(b"")
        return buffer
