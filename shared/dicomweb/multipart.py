"""multipart/related request bodies, streamed from disk (PS3.18 8.6.1.2.1, RFC 2387)."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from shared import kept
from shared.record import Damaged

CHUNK = 1024 * 1024  # bytes in a write; more gains nothing, less costs a system call each
# No parameter: given transfer-syntax, Orthanc 1.10 drops the part and answers 200.
PART_HEADER = b"Content-Type: application/dicom\r\n\r\n"


class PartChanged(Exception):
    """A file no longer is what it was when the request's length was announced."""

    def __init__(self, path: Path, *, damaged: bool = False) -> None:
        """`damaged`: nor what was kept."""
        super().__init__("a part changed while it was sent")
        self.path = path
        self.damaged = damaged


class Part:
    """The bytes of a file, or some of those of an open one, which may have no name."""

    __slots__ = ("_descriptor", "_hashed", "_offset", "path", "sha256", "size")

    def __init__(
        self,
        path: Path,
        size: int,
        descriptor: int | None = None,
        offset: int = 0,
        *,
        hashed: bool = False,
    ) -> None:
        """`hashed`: have the SHA-256 of what was sent."""
        self.path = path
        self.size = size
        self._descriptor = descriptor
        self._offset = offset
        self._hashed = hashed
        self.sha256 = ""  # once the whole content was read, in hexadecimal digits

    def chunks(self) -> Iterator[bytes]:
        """The whole content; PartChanged if there is less of it, or none at all."""
        if self._descriptor is not None:
            descriptor, begin = self._descriptor, self._offset
            yield from self._read(lambda length, at: os.pread(descriptor, length, begin + at))
            return
        with ExitStack() as stack:
            try:
                file = stack.enter_context(kept.opened(self.path))
            except OSError as error:
                raise PartChanged(self.path, damaged=isinstance(error, Damaged)) from error
            yield from self._read(file.read)

    def _read(self, read: Callable[[int, int], bytes]) -> Iterator[bytes]:
        """`read`: length, offset -> bytes."""
        digest = hashlib.sha256() if self._hashed else None
        self.sha256 = ""
        offset = 0
        while offset < self.size:
            try:
                chunk = read(min(CHUNK, self.size - offset), offset)
            except OSError as error:
                raise PartChanged(self.path, damaged=isinstance(error, Damaged)) from error
            if not chunk:
                raise PartChanged(self.path)
            offset += len(chunk)
            if digest:
                digest.update(chunk)
                self.sha256 = digest.hexdigest() if offset == self.size else ""
            yield chunk


class Body(Iterable[bytes]):
    """A class, not a generator: it can be sent again after a token was renewed."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        boundary = secrets.token_hex(16)  # token characters only: some servers trip over quotes
        self.content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        self._opening = f"--{boundary}\r\n".encode() + PART_HEADER
        self._closing = f"--{boundary}--\r\n".encode()

    @property
    def length(self) -> int:
        """Content-Length."""
        framing = len(self._opening) + len(b"\r\n")
        return sum(part.size + framing for part in self._parts) + len(self._closing)

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type, "Content-Length": str(self.length)}

    def __iter__(self) -> Iterator[bytes]:
        """Pieces gathered into chunks: a copy costs less than what a write does on its way."""
        pieces: list[bytes] = []
        held = 0
        for piece in self._pieces():
            if held + len(piece) > CHUNK:
                yield b"".join(pieces)
                pieces, held = [], 0
            pieces.append(piece)
            held += len(piece)
        yield b"".join(pieces)

    def _pieces(self) -> Iterator[bytes]:
        for part in self._parts:
            yield self._opening
            yield from part.chunks()
            yield b"\r\n"
        yield self._closing
