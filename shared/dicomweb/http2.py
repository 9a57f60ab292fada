"""HTTP/2 to a destination (RFC 9113): one request at a time on a connection, as over HTTP/1.1.

h2 knows the protocol. httpcore's own HTTP/2 hears no answer before the whole body is sent.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import cast

import h2.exceptions
import httpcore
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from shared.dicomweb.http2_exchange import Exchange, head, heed, lower
from shared.dicomweb.http2_frames import Frames
from shared.dicomweb.network import PIECE, OverlappingStream

WRITE = 256 * 1024  # bytes of frames that are written at once
# Requests that a server did not look at are sent on another connection; then it is out of order.
UNSEEN_TRIES = 4
IDLE_WRITE = 1.0  # seconds to acknowledge a PING
TRIES_EXTENSION = "unseen_tries"
FAILED = (
    h2.exceptions.ProtocolError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
)


class Unseen(Exception):
    """The server says that it did not look at the request: it may be sent again at once."""


class Http2Connection(httpcore.ConnectionInterface):
    """Whatever goes wrong on it closes it."""

    def __init__(
        self, origin: httpcore.Origin, stream: OverlappingStream, keepalive_expiry: float
    ) -> None:
        self._origin = origin
        self._net = stream
        self._keepalive_expiry = keepalive_expiry
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._frames = Frames()
        self._exchange: Exchange | None = None
        self._lock = threading.Lock()
        self._begun = self._closed = False
        self._expires = 0.0

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        with self._lock:
            if not self.is_available():
                raise httpcore.ConnectionNotAvailable
            exchange = self._exchange = self._open(request)
        try:
            self._send(request, exchange)
            while exchange.status is None:
                self._receive(exchange)
        except Unseen:
            self.close()
            tries = request.extensions.get(TRIES_EXTENSION, 0) + 1
            request.extensions[TRIES_EXTENSION] = tries
            if tries >= UNSEEN_TRIES:
                raise httpcore.RemoteProtocolError("requests are not looked at") from None
            raise httpcore.ConnectionNotAvailable from None
        except h2.exceptions.ProtocolError as error:
            self.close()
            raise httpcore.RemoteProtocolError(str(error)) from error
        except BaseException:
            self.close()
            raise
        return httpcore.Response(
            exchange.status,
            headers=exchange.headers,
            content=_Content(self, exchange),
            extensions={"http_version": b"HTTP/2", "network_stream": self._net},
        )

    def content(self, exchange: Exchange) -> Iterator[bytes]:
        """Of the answer."""
        while exchange.data or not exchange.ended:
            while exchange.data:
                yield exchange.data.pop(0)
            if not exchange.ended:
                try:
                    self._receive(exchange)
                except h2.exceptions.ProtocolError as error:
                    raise httpcore.RemoteProtocolError(str(error)) from error

    def leave(self, exchange: Exchange) -> None:
        """The answer is read, or not wanted to its end."""
        if not exchange.ended or self._frames.goaway or self._closed:
            self.close()
        else:
            try:
                if not exchange.whole:
                    self._h2.reset_stream(exchange.stream_id, ErrorCodes.CANCEL)
                    self._flush(exchange)
            except FAILED:
                if exchange.reset is None:  # else it has said so first
                    self.close()
        self._expires = time.monotonic() + self._keepalive_expiry
        self._exchange = None

    def _open(self, request: httpcore.Request) -> Exchange:
        try:
            stream_id = self._h2.get_next_available_stream_id()
        except h2.exceptions.NoAvailableStreamIDError:
            self.close()
            raise httpcore.ConnectionNotAvailable from None
        return Exchange(stream_id, request.extensions.get("timeout", {}))

    def _send(self, request: httpcore.Request, exchange: Exchange) -> None:
        self._net.begin()
        if not self._begun:
            self._begun = True
            self._h2.initiate_connection()
            self._h2.update_settings({SettingCodes.ENABLE_PUSH: 0})
        bodyless = dict(lower(request.headers)).get(b"content-length", b"0") == b"0"
        self._h2.send_headers(exchange.stream_id, head(request), end_stream=bodyless)
        self._flush(exchange)
        exchange.whole = bodyless or self._send_body(request, exchange)
        self._net.end()

    def _send_body(self, request: httpcore.Request, exchange: Exchange) -> bool:
        """Whether to its end."""
        for chunk in cast("Iterable[bytes]", request.stream):
            view = memoryview(chunk)
            while view:
                room = self._room(exchange)
                if exchange.answered:
                    return False
                size = min(room, len(view), WRITE)
                for at in range(0, size, self._h2.max_outbound_frame_size):
                    piece = view[at : min(at + self._h2.max_outbound_frame_size, size)]
                    self._h2.send_data(exchange.stream_id, bytes(piece))
                self._flush(exchange)
                view = view[size:]
        self._h2.end_stream(exchange.stream_id)
        self._flush(exchange)
        return True

    def _room(self, exchange: Exchange) -> int:
        """Bytes that the server wants now; waits until it does. 0 once it has answered."""
        while not exchange.answered and (here := self._net.here()) is not None:
            self._heed(here, exchange)
        while not exchange.answered:
            room = self._h2.local_flow_control_window(exchange.stream_id)
            if room > 0:  # below it after the server has made windows smaller (RFC 9113 6.9.2)
                return room
            self._receive(exchange)
        return 0

    def _receive(self, exchange: Exchange) -> None:
        self._heed(self._net.read(PIECE, exchange.timeouts.get("read")), exchange)

    def _heed(self, data: bytes, exchange: Exchange) -> None:
        """Raises Unseen if the server will never look at the request."""
        if not data:
            raise httpcore.RemoteProtocolError("the server closed the connection")
        for event in self._h2.receive_data(self._frames.of(data)):
            heed(self._h2, exchange, event)
        self._flush(exchange)
        goaway = self._frames.goaway
        refused = exchange.reset == ErrorCodes.REFUSED_STREAM
        gone = goaway is not None and goaway.last_stream < exchange.stream_id
        if (refused or gone) and exchange.status is None:  # else it has looked at it all the same
            raise Unseen
        if exchange.reset is not None and not exchange.ended:
            raise httpcore.RemoteProtocolError("the server reset the request")

    def _flush(self, exchange: Exchange) -> None:
        self._net.write(self._h2.data_to_send(), exchange.timeouts.get("write"))

    def close(self) -> None:
        self._closed = True
        self._net.close()

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        return origin == self._origin

    def is_available(self) -> bool:
        return not (self._closed or self._exchange or self._frames.goaway)

    def has_expired(self) -> bool:
        """Also hears what the server said while nothing was asked: a PING, or that it goes."""
        if self._exchange or self._closed:
            return False
        try:
            idle = Exchange(0, {"write": IDLE_WRITE})
            while (here := self._net.here()) is not None:
                self._heed(here, idle)
        except FAILED:
            return True
        return bool(self._frames.goaway) or time.monotonic() > self._expires

    def is_idle(self) -> bool:
        return not self._exchange and not self._closed

    def is_closed(self) -> bool:
        return self._closed

    def info(self) -> str:
        return f"{self._origin}, HTTP/2"


class _Content:
    def __init__(self, connection: Http2Connection, exchange: Exchange) -> None:
        self._connection = connection
        self._exchange = exchange
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._connection.content(self._exchange)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if not self._left:
            self._left = True
            self._connection.leave(self._exchange)
