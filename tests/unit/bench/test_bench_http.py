"""The HTTP side of the sink, without a socket."""

from collections.abc import Callable

import pytest

from bench.http_messages import Connection, Receiver, Request


class Recorder(Receiver):
    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.content = b""

    def begin(self, request: Request) -> None:
        self.requests.append((request.method, request.target))

    def body(self, buffer: bytearray, start: int, end: int) -> None:
        self.content += buffer[start:end]

    def end(self, answer: Callable[[int, str, bytes], None]) -> None:
        answer(200, "text/plain", b"")


PLAIN = b"POST /studies HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789"
CHUNKED = (
    b"POST /studies HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\n0123\r\n6;x=y\r\n456789\r\n0\r\nTrailer: t\r\n\r\n"
)


@pytest.mark.parametrize("message", [PLAIN, CHUNKED], ids=["length", "chunked"])
@pytest.mark.parametrize("step", [1, 5, 1000])
def test_bodies_arrive_whole_however_they_are_cut(message: bytes, step: int) -> None:
    recorder = Recorder()
    connection = Connection(recorder)

    for start in range(0, 3 * len(message), step):
        piece = (3 * message)[start : start + step]
        connection.get_buffer(-1)[: len(piece)] = piece
        connection.buffer_updated(len(piece))

    assert recorder.requests == 3 * [("POST", "/studies")]
    assert recorder.content == 3 * b"0123456789"
