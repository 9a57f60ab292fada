"""An origin server of HTTP/2 over TLS that breaks off as a test scripts: one answer a request."""

import contextlib
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded

from tests.support.certificates import Certificates
from tests.support.origin_server import JSON
from tests.support.origin_store import Holdings, parts
from tests.support.origins import destination
from uploader.origin import Origin

BIG = 3_000_000  # bytes; many times what a server takes unasked


class Talk:
    """A connection, as far as the request under way."""

    def __init__(self, server: "Http2Server", sock: ssl.SSLSocket) -> None:
        self.server = server
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.stream = 0
        self._sock = sock
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def run(self) -> None:
        self.h2.initiate_connection()
        self.flush()
        while data := self._sock.recv(65536):
            for event in self.h2.receive_data(data):
                self._heed(event)
            self.flush()

    def _heed(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self.stream = event.stream_id or 0
            self._headers = {str(k): str(v) for k, v in event.headers or ()}
            self._body.clear()
            self.server.requests += 1
            self.server.answering = self.server.script.popleft() if self.server.script else good
            self.server.answering(self, False)
        elif isinstance(event, DataReceived):
            self._body += event.data or b""
            if not self.server.stingy:
                self.h2.acknowledge_received_data(event.flow_controlled_length or 0, self.stream)
        elif isinstance(event, StreamEnded):
            self.server.answering(self, True)

    def store(self) -> None:
        """Keep the instances and say so."""
        sent = parts(bytes(self._body), self._headers["content-type"])
        status, content = self.server.holdings.store(sent)
        self.respond(status, json.dumps(content).encode())

    def respond(self, status: int, body: bytes = b"") -> None:
        headers = [(":status", str(status)), ("content-type", JSON)]
        self.h2.send_headers(self.stream, headers, end_stream=not body)
        if body:
            self.h2.send_data(self.stream, body, end_stream=True)

    def flush(self) -> None:
        self._sock.sendall(self.h2.data_to_send())

    def goaway(self, last: int) -> None:
        """Written by hand: h2 would let nothing follow it."""
        fields = last.to_bytes(4) + int(ErrorCodes.NO_ERROR).to_bytes(4)
        self.flush()
        self._sock.sendall(len(fields).to_bytes(3) + b"\7\0" + bytes(4) + fields)

    def chatter(self) -> None:
        """Frames of a type that nobody knows, until the client goes away."""
        self.flush()
        frames = (b"\0\0\x08\x20\0" + bytes(12)) * 1000
        while True:
            self._sock.sendall(frames)
            self.server.chattered += len(frames)


Answer = Callable[[Talk, bool], None]  # whether the request has come to its end


def good(talk: Talk, ended: bool) -> None:
    if ended:
        talk.store()


def refuse(talk: Talk, ended: bool) -> None:
    """As a server that is full: the request was not looked at (RFC 9113 8.7)."""
    if not ended:
        talk.h2.reset_stream(talk.stream, ErrorCodes.REFUSED_STREAM)


def go_away_first(talk: Talk, ended: bool) -> None:
    """GOAWAY crossed the request on the way: it was not looked at."""
    if not ended:
        talk.goaway(last=talk.stream - 2 if talk.stream > 1 else 0)


def go_away_meanwhile(talk: Talk, ended: bool) -> None:
    """The request is still answered, and none after it."""
    if ended:
        talk.store()
    else:
        talk.goaway(last=talk.stream)


def reset(talk: Talk, ended: bool) -> None:
    if not ended:
        talk.h2.reset_stream(talk.stream, ErrorCodes.INTERNAL_ERROR)


def early(status: int, *, then_reset: bool) -> Answer:
    """The whole answer before the body; then NO_ERROR, as RFC 9113 8.1 has it, or silence."""

    def answer(talk: Talk, ended: bool) -> None:
        if not ended:
            talk.respond(status)
            if then_reset:
                talk.h2.reset_stream(talk.stream, ErrorCodes.NO_ERROR)

    return answer


def interim(talk: Talk, ended: bool) -> None:
    if ended:
        talk.store()
    else:
        talk.h2.send_headers(talk.stream, [(":status", "103")])


def silent(_talk: Talk, _ended: bool) -> None:
    """Takes everything and never answers."""


class Http2Server:
    """`stingy`: takes no more than the first 64 KiB of a connection."""

    def __init__(self, tls: ssl.SSLContext, *, stingy: bool = False) -> None:
        tls.set_alpn_protocols(["h2"])
        self.holdings = Holdings()
        self.script: deque[Answer] = deque()
        self.answering: Answer = good
        self.requests = self.connections = 0
        self.chattered = 0  # bytes
        self.stingy = stingy
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    @property
    def uri(self) -> str:
        return f"https://localhost:{self._listening.getsockname()[1]}/studies"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.hang_up()

    def hang_up(self) -> None:
        """All connections end."""
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            with self._tls.wrap_socket(sock, server_side=True) as secured:
                self._open.append(secured)
                Talk(self, secured).run()
        except OSError:
            """The client went away, which is its right."""


def at(server: Http2Server, tls: Certificates, **more: Any) -> Origin:
    """The server, as a destination of HTTP/2."""
    return Origin(destination(server.uri, ca_file=tls.ca_file, http2=True, **more))
