"""Interim responses (RFC 9110 15.2) in the middle of a request: heard, forgotten, bounded."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpcore
import pytest

from shared.dicomweb.network import LONGEST_HEAD, Stream
from shared.errors import Unavailable
from tests.support import answers
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer
from tests.support.origins import destination
from tests.support.waiting import wait_until
from uploader.origin import Origin

PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
PIECE = bytes(64 * 1024)
MANY = 512  # pieces of a body


@pytest.fixture
def connection() -> Iterator[tuple[Stream, socket.socket]]:
    """Our end, which has begun a request, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stream = Stream(socket.create_connection(listening.getsockname()), 10.0)
        server, _ = listening.accept()
    stream.write(b"POST /studies HTTP/1.1\r\n")
    yield stream, server
    stream.close()
    server.close()


def say(stream: Stream, server: socket.socket, words: bytes) -> None:
    server.sendall(words)
    wait_until(lambda: stream.get_extra_info("is_readable"), description="the words to come")


def in_background(*works: Callable[[], None]) -> None:
    for work in works:
        threading.Thread(target=work, daemon=True).start()


def take(server: socket.socket) -> None:
    with suppress(OSError):
        while server.recv(1 << 20):
            """All of it."""


def test_they_are_forgotten_and_the_answer_after_them_is_heard(
    connection: tuple[Stream, socket.socket],
) -> None:
    stream, server = connection
    for interim in (PROCESSING, HINTS + PROCESSING, PROCESSING[:20], PROCESSING[20:]):
        say(stream, server, interim)
        stream.write(b"body")

    say(stream, server, PROCESSING + BUSY)
    with pytest.raises(httpcore.WriteError, match="answered before"):
        stream.write(b"body")

    assert stream.read(4096) == BUSY


def test_the_first_letters_of_one_are_no_answer(connection: tuple[Stream, socket.socket]) -> None:
    stream, server = connection
    for letters in (PROCESSING[:3], PROCESSING[3:9], PROCESSING[9:]):
        say(stream, server, letters)
        stream.write(b"body")

    server.sendall(BUSY)

    assert stream.read(4096) == BUSY


@pytest.mark.parametrize("flood", [PROCESSING * 2000, HINTS * 1000])
def test_a_flood_of_them_is_broken_off(
    connection: tuple[Stream, socket.socket], flood: bytes
) -> None:
    stream, server = connection

    def talk() -> None:
        with suppress(OSError):
            while True:
                server.sendall(flood)

    in_background(talk, lambda: take(server))

    with pytest.raises(httpcore.ReadError, match="without end"):
        write_many(stream, lambda: say(stream, server, b""))


def test_one_that_never_ends_is_broken_off(connection: tuple[Stream, socket.socket]) -> None:
    stream, server = connection
    in_background(lambda: take(server))
    say(stream, server, PROCESSING[:-2] + b"X: ")

    with pytest.raises(httpcore.ReadError, match="does not end"):
        write_many(stream, lambda: say(stream, server, b"x" * (LONGEST_HEAD // 8)))


def write_many(stream: Stream, before: Callable[[], None]) -> None:
    for _ in range(MANY):
        before()
        stream.write(PIECE, timeout=10)


def test_a_flood_instead_of_an_answer_holds_the_destination(tmp_path: Path) -> None:
    def flooding(exchange: Exchange) -> None:
        exchange.read_body()
        while not exchange.origin.stopping.is_set():
            exchange.wfile.write(PROCESSING * 2000)

    with OriginServer() as server:
        server.script(flooding)
        origin = Origin(destination(server.uri))
        with pytest.raises(Unavailable, match="talks without end"):
            origin.store([make(tmp_path).path])
        origin.close()


def test_a_refusal_after_one_is_heard_in_the_middle_of_the_body(tmp_path: Path) -> None:
    big = [make(tmp_path, number, size=8_000_000).path for number in (1, 2, 3)]

    def processing(exchange: Exchange) -> None:
        exchange.wfile.write(PROCESSING)
        answers.early(503)(exchange)

    with OriginServer() as server:
        server.script(processing)
        origin = Origin(destination(server.uri))
        with pytest.raises(Unavailable, match="503"):
            origin.store(big)
        origin.close()
