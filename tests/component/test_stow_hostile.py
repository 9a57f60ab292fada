"""Origin servers that hang, drip, flood, answer early or break off: bounded time and memory."""

import gzip
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpcore
import pytest

from shared.dicomweb.network import Stream
from shared.errors import Denied, Unavailable
from tests.support import answers
from tests.support.instances import Made, make
from tests.support.origin_server import Answer, Exchange, OriginServer
from tests.support.origins import destination
from tests.support.waiting import wait_until
from uploader.origin import Origin
from uploader.outcome import BatchRefused, Verdict

IMPATIENT = 0.6  # s


@pytest.fixture
def server() -> Iterator[OriginServer]:
    with OriginServer() as origin_server:
        yield origin_server


@pytest.fixture
def origin(server: OriginServer) -> Iterator[Origin]:
    origin = Origin(destination(server.uri, timeout=IMPATIENT))
    yield origin
    origin.close()


@pytest.fixture
def small(tmp_path: Path) -> Made:
    return make(tmp_path)


NEVER_DONE: dict[str, Answer] = {
    "hangs": answers.hang(),
    "drips a body": answers.drip(),
    "drips interim responses": answers.drip(in_head=True),
}


@pytest.mark.parametrize("kind", NEVER_DONE)
def test_an_answer_that_never_ends_is_given_up(
    server: OriginServer, origin: Origin, small: Made, kind: str
) -> None:
    server.script(NEVER_DONE[kind])
    began = time.monotonic()

    with pytest.raises(Unavailable, match="did not answer in time"):
        origin.store([small.path])

    assert time.monotonic() - began < 5 * IMPATIENT


FLOODS: dict[str, Answer] = {
    "a terabyte of JSON": answers.gigantic(),
    "a terabyte of spaces": answers.gigantic(piece=b" " * 65536),
    "a gzip bomb": answers.gzipped(bomb=400_000_000),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_gigantic_answer_takes_no_memory(server: OriginServer, small: Made, flood: str) -> None:
    origin = Origin(destination(server.uri))
    server.script(FLOODS[flood])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(Unavailable):
        origin.store([small.path])

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024  # KiB
    origin.close()


def test_a_server_that_takes_nothing_is_given_up(server: OriginServer, tmp_path: Path) -> None:
    origin = Origin(destination(server.uri, timeout=IMPATIENT))
    big = make(tmp_path, size=20_000_000)  # more than socket buffers hold
    server.script(stall)

    with pytest.raises(Unavailable, match="too slowly"):
        origin.store([big.path])
    origin.close()


def test_a_server_that_takes_a_little_now_and_then_is_given_up() -> None:
    """No wait is too long by itself. Small buffers, so that they do not hide how slow it is."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ours = socket.create_connection(listening.getsockname())
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        theirs, _ = listening.accept()
    stream = Stream(ours, IMPATIENT)
    given_up = threading.Event()

    def sip() -> None:
        while not given_up.wait(0.1) and theirs.recv(1000):
            """One small step after another."""

    sipping = threading.Thread(target=sip, daemon=True)
    sipping.start()

    with pytest.raises(httpcore.WriteTimeout, match="taken too slowly"):
        stream.write(bytes(1_000_000), timeout=10)

    given_up.set()
    sipping.join()
    stream.close()
    theirs.close()


def stall(exchange: Exchange) -> None:
    exchange.origin.stopping.wait()


@pytest.mark.parametrize(
    ("code", "raised"), [(401, Denied), (503, Unavailable), (413, BatchRefused)]
)
def test_an_answer_in_the_middle_of_the_body_is_heard(
    server: OriginServer, tmp_path: Path, code: int, raised: type[Exception]
) -> None:
    origin = Origin(destination(server.uri))
    big = [make(tmp_path, number, size=8_000_000).path for number in (1, 2, 3)]
    server.script(answers.early(code))

    with pytest.raises(raised, match=str(code)):
        origin.store(big)
    origin.close()


def test_an_interim_response_in_the_middle_of_the_body_stops_nothing(
    server: OriginServer, tmp_path: Path
) -> None:
    origin = Origin(destination(server.uri))
    big = make(tmp_path, size=8_000_000)

    def processing(exchange: Exchange) -> None:
        exchange.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        exchange.origin.stopping.wait(0.05)
        exchange.origin.always(exchange)

    server.script(processing)

    [outcome] = origin.store([big.path])

    assert outcome.verdict is Verdict.STORED
    origin.close()


def test_a_connection_that_the_server_closed_while_idle_is_not_used(
    server: OriginServer, origin: Origin, small: Made
) -> None:
    def last(exchange: Exchange) -> None:
        exchange.origin.always(exchange)
        exchange.close_connection = True

    server.script(last)
    origin.store([small.path])
    wait_until(lambda: not open_connections(), description="the connection to be closed")

    [outcome] = origin.store([small.path])

    assert outcome.verdict is Verdict.STORED


def open_connections() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if "process_request_thread" in name]


def test_a_latency_of_the_line_harms_nothing(
    server: OriginServer, origin: Origin, small: Made
) -> None:
    server.latency = 0.2

    [outcome] = origin.store([small.path])

    assert outcome.verdict is Verdict.STORED


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x00\x00", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 banana\r\n\r\n", b""],
)
def test_what_is_no_http_is_unavailable(
    server: OriginServer, origin: Origin, small: Made, garbage: bytes
) -> None:
    def speak(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.wfile.write(garbage)
        exchange.close_connection = True

    server.script(speak)

    with pytest.raises(Unavailable):
        origin.store([small.path])


def test_a_content_encoding_nobody_asked_for_is_unavailable(
    server: OriginServer, origin: Origin, small: Made
) -> None:
    server.script(answers.status(200, b"\x28\xb5\x2f\xfd", headers={"Content-Encoding": "zstd"}))

    with pytest.raises(Unavailable, match="cannot be decompressed"):
        origin.store([small.path])


def _to_the_end(exchange: Exchange) -> None:
    """An answer that ends with its connection, wherever that breaks."""
    exchange.read_body()
    exchange.send_response(200)
    exchange.end_headers()
    exchange.close_connection = True


CUT: dict[str, Answer] = {
    "no byte of an answer of unknown length": _to_the_end,
    "the first bytes of gzip": answers.status(
        200, gzip.compress(b"{}")[:10], headers={"Content-Encoding": "gzip"}
    ),
}


@pytest.mark.parametrize("kind", CUT)
def test_what_a_broken_connection_leaves_is_no_empty_answer(
    server: OriginServer, small: Made, kind: str
) -> None:
    origin = Origin(destination(server.uri, trust_empty_200=True))
    server.script(CUT[kind])

    try:
        [outcome] = origin.store([small.path])
        assert outcome.verdict is Verdict.UNACCOUNTED
    except Unavailable as fault:
        assert "decompressed" in fault.reason  # noqa: PT017  either will do
    assert not server.held
    origin.close()
