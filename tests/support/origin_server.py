"""A STOW-RS and QIDO-RS origin server on loopback that does what a test scripts, real HTTP and TLS.

    with OriginServer() as origin:
        origin.script(answers.status(503), answers.reset())  # the next two requests, one each
        ...                                                  # those after are answered well
        assert origin.held[uid].data_set_sha256 == ...

Answers to script are in tests/support/answers.py; certificates in tests/support/certificates.py.
"""

import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.origin_store import Duplicates, Held, Holdings, Sent, parts, uids

JSON = "application/dicom+json"
BOUNDARY = b"part-of-the-scripted-origin-server"


class HangUp(Exception):  # a condition, as in shared.errors
    """Ends a connection without a further byte."""


@dataclass
class Recorded:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    connection: int  # counted from 1
    at: float  # time.monotonic()
    instances: tuple[str, ...] = ()
    arrivals: list[tuple[float, int]] = field(default_factory=list)  # of the body: when, bytes


class Exchange(BaseHTTPRequestHandler):
    """Requests of one connection; an answer may do with it what it likes."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = self.server.origin.count_connection()

    @property
    def origin(self) -> "OriginServer":
        return self.server.origin

    def begin(self) -> None:
        self._body: bytes | None = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.recorded = Recorded(self.command, self.path, headers, self.number, time.monotonic())
        self.origin.requests.append(self.recorded)
        try:
            self.origin.answer(self)
        except (HangUp, OSError):  # OSError: the client went away, which is its right
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = begin  # noqa: N815  # http.server's names

    def read_body(self) -> bytes:
        if self._body is None:
            length = int(self.headers.get("Content-Length", "0"))
            pieces, left = [], length
            while left:
                piece = self.rfile.read1(left)
                if not piece:
                    raise HangUp
                self.recorded.arrivals.append((time.monotonic(), len(piece)))
                pieces.append(piece)
                left -= len(piece)
            self._body = b"".join(pieces)
        return self._body

    def read_instances(self) -> list[Sent]:
        sent = parts(self.read_body(), self.headers.get("Content-Type", ""))
        self.recorded.instances = tuple(uids(sent))
        return sent

    def respond(
        self,
        status: int,
        body: bytes = b"",
        content_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        named = {"Content-Length": str(len(body)), **(headers or {})}
        if content_type:
            named["Content-Type"] = content_type
        self.send_response(status)
        for name, value in named.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def respond_json(self, status: int, content: object) -> None:
        self.respond(status, json.dumps(content).encode(), JSON)

    def reset(self) -> None:
        """End by RST, so that the client sees a reset and not an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise HangUp

    def log_message(self, *_: object) -> None:
        pass


Answer = Callable[[Exchange], None]


def well(exchange: Exchange) -> None:
    """The answer of a good server."""
    _METHODS[exchange.command](exchange)


def _store(exchange: Exchange) -> None:
    holdings = exchange.origin.holdings
    sent = exchange.read_instances()
    status, content = holdings.store(sent, overwrite=exchange.command == "PUT")
    if status != 200 and holdings.duplicates is Duplicates.BARE_CONFLICT:
        exchange.respond(409)
    else:
        exchange.respond_json(status, content)


def _upsert(exchange: Exchange) -> None:
    if exchange.origin.upsert:
        _store(exchange)
    else:
        exchange.read_body()
        exchange.respond(405)


def _search_or_retrieve(exchange: Exchange) -> None:
    address = urlsplit(exchange.path)
    if not address.path.endswith("/instances"):
        _retrieve(exchange)
        return
    found = exchange.origin.holdings.search(address.path, parse_qs(address.query))
    if found:
        exchange.respond_json(200, found)
    else:
        exchange.respond(204)


def _retrieve(exchange: Exchange) -> None:
    held = exchange.origin.held.get(_uid(exchange))
    if held is None:
        exchange.respond(404)
        return
    head = b"--" + BOUNDARY + b"\r\nContent-Type: application/dicom\r\n\r\n"
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY.decode()}'
    exchange.respond(200, head + held.part + b"\r\n--" + BOUNDARY + b"--\r\n", kind)


def _delete(exchange: Exchange) -> None:
    gone = exchange.origin.held.pop(_uid(exchange), None)
    exchange.respond(200 if gone else 404)


def _uid(exchange: Exchange) -> str:
    return urlsplit(exchange.path).path.rpartition("/")[2]


_METHODS: dict[str, Answer] = {
    "POST": _store,
    "PUT": _upsert,
    "GET": _search_or_retrieve,
    "DELETE": _delete,
}


class OriginServer:
    """`gate` answers before anything else and returns True if it did: credentials, for one."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        latency: float = 0.0,
        duplicates: Duplicates = Duplicates.LIKE_NEW,
        upsert: bool = False,
        keep_bytes: bool = True,
        gate: Callable[[Exchange], bool] | None = None,
    ) -> None:
        self.holdings = Holdings(duplicates, keep_bytes)
        self.latency = latency  # seconds before each answer
        self.upsert = upsert  # Azure's PUT /studies
        self.gate = gate
        self.always: Answer = well
        self.requests: list[Recorded] = []
        self.stopping = threading.Event()  # answers that hang wait for this
        self._script: deque[Answer] = deque()
        self._connections = 0
        self._lock = threading.Lock()
        self._server = _Server((host, port), self, tls)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._scheme = "https" if tls else "http"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def uri(self) -> str:
        """The studies resource. TLS servers are called localhost, the name in the certificates."""
        host = "localhost" if self._scheme == "https" else "127.0.0.1"
        return f"{self._scheme}://{host}:{self.port}/dicom-web/studies"

    @property
    def held(self) -> dict[str, Held]:
        return self.holdings.held

    @property
    def stores(self) -> list[Recorded]:
        return [each for each in self.requests if each.method == "POST"]

    def script(self, *answers: Answer) -> None:
        """Answer the next requests so, one each; those after, by `always`."""
        with self._lock:
            self._script.extend(answers)

    def answer(self, exchange: Exchange) -> None:
        if self.latency:
            self.stopping.wait(self.latency)
        if self.gate and self.gate(exchange):
            return
        with self._lock:
            answer = self._script.popleft() if self._script else self.always
        answer(exchange)

    def count_connection(self) -> int:
        with self._lock:
            self._connections += 1
            return self._connections

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a connection that a test left open must not hold it up
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], origin: OriginServer, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(address, Exchange)
        self.origin = origin
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS in the connection's own thread: a silent client holds up nobody."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients vanish in these tests; what matters is asserted elsewhere."""
