"""TCP and TLS below httpx: no copy while sending, an early answer noticed, every wait bounded.

httpx limits each read and write; a peer that sends or takes a byte now and then could hold a worker
for ever. Here a whole request has a least rate and a whole answer a time limit. The rate is of the
time that the peer lets us wait; how long we take to have the next bytes ready is our own affair, as
with a bandwidth (uploader/pace.py) or a slow disk.
"""

import math
import re
import select
import socket
import ssl
import time
from collections.abc import Iterable

import httpcore

SLOWEST = 16 * 1024  # bytes/s: a line slower than ISDN carries no images
PIECE = 64 * 1024  # bytes; four records of TLS
# Bytes that a server may say while it should listen, besides a sixteenth of what it is sent: an
# update of windows for 16 KiB has 26.
CHATTER = 1024 * 1024
INTERIM = b"HTTP/1.1 1"  # a 1xx status line: the final answer is still to come
SWITCHED = b"HTTP/1.1 101"  # nobody asked for it; h11 says so
LONGEST_HEAD = 64 * 1024  # bytes of an interim response; h11 takes 100 KiB
_HEAD_ENDS = re.compile(rb"\n\r?\n")


class Endless(httpcore.ReadError):
    """The server talks on and on, and answers nothing."""


class Backend(httpcore.NetworkBackend):
    """`patience`: seconds that an answer may take, and seconds of waiting beyond SLOWEST."""

    def __init__(self, patience: float) -> None:
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        source = (local_address, 0) if local_address else None
        try:
            sock = socket.create_connection((host, port), timeout, source)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option in socket_options or ():
                sock.setsockopt(*option)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return Stream(sock, self._patience)


class Stream(httpcore.NetworkStream):
    """A connection on which requests and their answers take turns (HTTP/1.1)."""

    def __init__(self, sock: socket.socket, patience: float) -> None:
        self._sock = sock
        self._patience = patience
        self._timeout = sock.gettimeout()
        self._early = b""
        self._idle_limit = math.inf
        self._sending = self._answered = False
        self._since = self._last = time.monotonic()
        self._sent = 0
        self._heard = 0  # bytes before the answer
        self._waited = 0.0  # seconds until the peer took what was sent

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._turn(sending=False)
        while not self._answered and _may_be_interim(self._early):
            received = self._receive(max_bytes, timeout)
            self._hear(received)
            if not received:
                break
        self._answered = True
        early, self._early = self._early, b""
        return early or self._receive(max_bytes, timeout)

    def _receive(self, max_bytes: int, timeout: float | None) -> bytes:
        left = self._since + self._patience - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer did not end in time")
        self._wait(left if timeout is None else min(timeout, left))
        try:
            received = self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        self._last = time.monotonic()
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        try:
            self._heed_peer()
            self._wait(timeout)
            self._send(memoryview(buffer))
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self._wait(timeout)
        try:
            wrapped = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError as error:
            self.close()
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, ValueError) as error:  # ValueError: a host name TLS cannot carry
            self.close()
            raise httpcore.ConnectError(str(error)) from error
        kind = OverlappingStream if wrapped.selected_alpn_protocol() == "h2" else Stream
        return kind(wrapped, self._patience)

    def idle_at_most(self, seconds: float) -> None:
        """The server closes it after so long (Keep-Alive: timeout): do not be late by a hair."""
        self._idle_limit = max(seconds - 1.0, seconds / 2)

    def get_extra_info(self, info: str) -> object:
        if info == "is_readable":  # an idle connection that became readable was closed by the peer
            idle = time.monotonic() - self._last
            return idle > self._idle_limit or self._sock.fileno() < 0 or self._readable()
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        return self._sock if info == "socket" else None

    def _heed_peer(self) -> None:
        """Before each write."""
        self._turn(sending=True)
        self._notice_answer()

    def _turn(self, *, sending: bool) -> None:
        if sending is not self._sending:
            self._sending = sending
            self._since = time.monotonic()
            self._sent = 0
            self._heard = 0
            self._waited = 0.0
            self._answered = False

    def _send(self, view: memoryview) -> None:
        while view:
            began = time.monotonic()
            count = self._sock.send(view)
            self._sent += count
            self._waited += time.monotonic() - began
            if self._waited > self._patience + self._sent / SLOWEST:
                raise TimeoutError("the request is taken too slowly")
            view = view[count:]

    def _notice_answer(self) -> None:
        """A server that has answered already wants no more of the body: stop, and let it be read.

        httpcore goes on to the answer after a WriteError.
        """
        received = self._here() if self._sent else None
        if received is None:
            return
        self._hear(received)
        if not received or not _may_be_interim(self._early):
            raise httpcore.WriteError("answered before the request ended")

    def _hear(self, received: bytes) -> None:
        """Interim responses are forgotten."""
        self._early = _without_interim(self._early + self._counted(received))
        if len(self._early) > LONGEST_HEAD and _may_be_interim(self._early):
            raise Endless("an interim response does not end")

    def _counted(self, received: bytes) -> bytes:
        self._heard += len(received)
        if self._heard > CHATTER + self._sent // 16:
            raise Endless("the server talks without end")
        return received

    def _here(self) -> bytes | None:
        """What can be read without waiting; None: nothing, b"": the peer has closed."""
        if not self._readable():
            return None
        self._wait(0.0)
        try:
            return self._sock.recv(PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):  # a TLS record without data for us
            return None
        except ssl.SSLError as error:  # an alert, such as for our certificate: told only once
            raise httpcore.ReadError(str(error)) from error

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def _wait(self, timeout: float | None) -> None:
        if timeout != self._timeout:  # settimeout is a system call
            self._sock.settimeout(timeout)
            self._timeout = timeout


class OverlappingStream(Stream):
    """One on which a server may speak while we do (HTTP/2): who uses it says whose turn it is.

    While a request is sent, waiting for the server to want more of it counts as sending does. One
    that never stops talking is broken off.
    """

    def begin(self) -> None:
        """A request begins."""
        self._turn(sending=False)
        self._turn(sending=True)

    def end(self) -> None:
        """It has been sent: the answer's time begins."""
        self._turn(sending=False)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._sending:
            return self._receive(max_bytes, timeout)
        left = self._patience + self._sent / SLOWEST - self._waited
        if left <= 0:
            raise httpcore.WriteTimeout("the request is taken too slowly")
        began = time.monotonic()
        self._wait(left if timeout is None else min(timeout, left))
        try:
            return self._counted(self._sock.recv(max_bytes))
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        finally:
            self._waited += time.monotonic() - began

    def _heed_peer(self) -> None:
        """Whoever uses it hears what the server says."""

    def here(self) -> bytes | None:
        """What can be read without waiting; None: nothing, b"": the peer has closed."""
        try:
            here = self._here()
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        return here and self._counted(here)


def _may_be_interim(early: bytes) -> bool:
    return INTERIM.startswith(early[: len(INTERIM)]) and not early.startswith(SWITCHED)


def _without_interim(early: bytes) -> bytes:
    """What begins with no whole interim response."""
    at = 0
    while early.startswith(INTERIM, at) and not early.startswith(SWITCHED, at):
        head = _HEAD_ENDS.search(early, at)
        if head is None:
            break
        at = head.end()
    return early[at:]
