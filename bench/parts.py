"""Counts the parts of a multipart/related body as it streams by, copying no more than their heads.

What it notes of a part is what its file meta information names (PS3.10 7.1).
"""

import re
from dataclasses import dataclass

CAPTURE = 4096  # bytes of a part that must hold its header fields and file meta information
SOP_CLASS = re.compile(rb"\x02\x00\x02\x00UI(..)", re.DOTALL)  # (0002,0002) in Explicit VR LE
SOP_INSTANCE = re.compile(rb"\x02\x00\x03\x00UI(..)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    sop_class: str
    sop_instance: str


class Parts:
    """The parts of one body. `feed` it a buffer's slices in order; `closed` once it has ended."""

    def __init__(self, boundary: bytes) -> None:
        self.found: list[Part] = []
        self.unreadable = 0
        self.closed = False
        self._delimiter = b"--" + boundary
        self._seam = b""  # end of the last slice: a delimiter may straddle two
        self._head: bytearray | None = None  # of the part that has just begun

    def feed(self, buffer: bytearray, start: int, end: int) -> None:
        while start < end and not self.closed:
            if self._head is None:
                start = self._seek(buffer, start, end)
            else:
                start = self._capture(self._head, buffer, start, end)

    def finish(self) -> None:
        """The body has ended: a part shorter than the capture is complete."""
        if self._head is not None and not self.closed:
            self._note(bytes(self._head))

    def _seek(self, buffer: bytearray, start: int, end: int) -> int:
        """Skip to behind the next delimiter, or to the end."""
        length = len(self._delimiter)
        if self._seam:
            joined = self._seam + buffer[start : min(end, start + length - 1)]
            if (at := joined.find(self._delimiter)) >= 0:
                return self._begin(start + at + length - len(self._seam))
        if (at := buffer.find(self._delimiter, start, end)) >= 0:
            return self._begin(at + length)
        kept = self._seam + buffer[max(start, end - length + 1) : end]
        self._seam = kept[-(length - 1) :]
        return end

    def _begin(self, position: int) -> int:
        self._head, self._seam = bytearray(), b""
        return position

    def _capture(self, head: bytearray, buffer: bytearray, start: int, end: int) -> int:
        """Take bytes of the part's head until they tell what it is (no part here is shorter)."""
        taken = min(end - start, CAPTURE - len(head))
        head += buffer[start : start + taken]
        if head.startswith(b"--"):
            self.closed, self._head = True, None
        elif len(head) >= CAPTURE or _complete(head):
            self._note(bytes(head))
        return start + taken

    def _note(self, head: bytes) -> None:
        self._head = None
        sop_class, sop_instance = _uid(SOP_CLASS, head), _uid(SOP_INSTANCE, head)
        if b"DICM" in head and sop_class and sop_instance:
            self.found.append(Part(sop_class, sop_instance))
        else:
            self.unreadable += 1


def _complete(head: bytearray) -> bool:
    return bool(_uid(SOP_INSTANCE, bytes(head)))


def _uid(pattern: re.Pattern[bytes], head: bytes) -> str:
    found = pattern.search(head)
    if not found:
        return ""
    length = int.from_bytes(found[1], "little")
    value = head[found.end() : found.end() + length]
    return value.rstrip(b"\0 ").decode("ascii", "replace") if len(value) == length else ""
