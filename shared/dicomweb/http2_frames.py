"""Frames of HTTP/2 (RFC 9113 4.1) before h2 sees them."""

from typing import NamedTuple

HEADER, MAX_FRAME = 9, 16384  # bytes of a frame's header, and of what follows it at most
GOAWAY, GOAWAY_FIELDS = 7, 8  # type of a frame, and bytes of its fields
STREAM_ID = 0x7FFFFFFF


class Goaway(NamedTuple):
    last_stream: int
    code: int


class Frames:
    """Takes GOAWAY out of what a server sends: h2 would listen no more, though it announces only
    that nothing *new* is looked at (RFC 9113 6.8).
    """

    def __init__(self) -> None:
        self.goaway: Goaway | None = None
        self._held = bytearray()

    def of(self, data: bytes) -> bytes:
        """All other frames that are whole now."""
        held = self._held
        held += data
        passed, at = bytearray(), 0
        while len(held) >= at + HEADER:
            length = int.from_bytes(held[at : at + 3])
            end = at + HEADER + length
            if length > MAX_FRAME:  # a mistake, which h2 names
                end = len(held)
            elif len(held) < end:
                break
            if held[at + 3] == GOAWAY and length >= GOAWAY_FIELDS:
                fields = held[at + HEADER : end]
                last = int.from_bytes(fields[:4]) & STREAM_ID
                self.goaway = Goaway(last, int.from_bytes(fields[4:GOAWAY_FIELDS]))
            else:
                passed += held[at:end]
            at = end
        del held[:at]
        return bytes(passed)
