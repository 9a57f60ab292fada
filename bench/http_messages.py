"""HTTP/1.1 requests off a connection, bodies handed on in place (RFC 9112)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

BUFFER = 1 << 20  # bytes a connection receives into
DROPPED = 0  # in place of a status: the connection ends without an answer


@dataclass(slots=True)
class Request:
    method: str
    target: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def keeps_alive(self) -> bool:
        return self.fields.get("connection", "").lower() != "close"


class Receiver:
    """What a server does with requests: begin one, take its body, answer when it has ended."""

    def begin(self, request: Request) -> None:
        raise NotImplementedError

    def body(self, buffer: bytearray, start: int, end: int) -> None:
        raise NotImplementedError

    def end(self, answer: Callable[[int, str, bytes], None]) -> None:
        """The request is complete; call `answer(status, media type, body)` now or later."""
        raise NotImplementedError


class Connection(asyncio.BufferedProtocol):
    """One connection; requests come one after the other, each after the answer to the last."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        self._fill = 0
        self._left = 0  # bytes of the body, or of the chunk, still to come
        self._step = self._head
        self._request = Request("", "")
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's own class

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._view[self._fill :]

    def buffer_updated(self, nbytes: int) -> None:
        end, position = self._fill + nbytes, 0
        while position < end:
            used = self._step(position, end)
            if not used:
                break
            position += used
        self._fill = end - position
        if position and self._fill:  # keep the beginning of what is not complete
            self._buffer[: self._fill] = self._buffer[position:end]
        if self._fill == BUFFER and self._transport:
            self._transport.abort()  # a head or chunk size of a megabyte

    def _head(self, start: int, end: int) -> int:
        at = self._buffer.find(b"\r\n\r\n", start, end)
        if at < 0:
            return 0
        lines = self._buffer[start:at].decode("latin-1").split("\r\n")
        method, target, _ = (*lines[0].split(" "), "", "")[:3]
        self._request = Request(method, target)
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self._request.fields[name.strip().lower()] = value.strip()
        self._begin()
        return at + 4 - start

    def _begin(self) -> None:
        fields = self._request.fields
        self._receiver.begin(self._request)
        if fields.get("expect", "").lower() == "100-continue" and self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in fields.get("transfer-encoding", "").lower():
            self._step = self._chunk_size
            return
        self._left = int(fields.get("content-length") or 0)
        if self._left:
            self._step = self._body
        else:
            self._end()

    def _body(self, start: int, end: int) -> int:
        used = min(self._left, end - start)
        self._receiver.body(self._buffer, start, start + used)
        self._left -= used
        if not self._left:
            self._end()
        return used

    def _chunk_size(self, start: int, end: int) -> int:
        at = self._buffer.find(b"\r\n", start, end)
        if at < 0:
            return 0
        self._left = int(self._buffer[start:at].split(b";")[0], 16)
        self._step = self._chunk if self._left else self._trailer
        return at + 2 - start

    def _chunk(self, start: int, end: int) -> int:
        used = min(self._left, end - start)
        self._receiver.body(self._buffer, start, start + used)
        self._left -= used
        if not self._left:
            self._step = self._chunk_end
        return used

    def _chunk_end(self, start: int, end: int) -> int:
        if end - start < 2:
            return 0
        self._step = self._chunk_size
        return 2

    def _trailer(self, start: int, end: int) -> int:
        at = self._buffer.find(b"\r\n", start, end)
        if at < 0:
            return 0
        if at == start:
            self._end()
        return at + 2 - start

    def _end(self) -> None:
        self._step = self._head
        keeps_alive = self._request.keeps_alive
        self._receiver.end(
            lambda status, media, body: self._answer(status, media, body, keeps_alive)
        )

    def _answer(self, status: int, media: str, body: bytes, keeps_alive: bool) -> None:
        if self._transport is None:
            return
        if status == DROPPED:
            self._transport.abort()
            return
        head = (
            f"HTTP/1.1 {status} Answer\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n"
        )
        end = "\r\n" if keeps_alive else "Connection: close\r\n\r\n"
        self._transport.write((head + end).encode() + body)
        if not keeps_alive:
            self._transport.close()
