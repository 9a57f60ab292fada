"""Connections that speak HTTP/2 where the server does (ALPN, RFC 7301), else HTTP/1.1."""

import ssl

import httpcore
import httpx

from shared.dicomweb.http2 import Http2Connection
from shared.dicomweb.network import Backend, OverlappingStream

PROTOCOLS = ["h2", "http/1.1"]


def open_pool(context: ssl.SSLContext, backend: Backend, limits: httpx.Limits) -> "Pool":
    return Pool(
        context,
        backend,
        limits.keepalive_expiry or 0.0,
        limits.max_connections or 1,
        limits.max_keepalive_connections or 1,
    )


class Pool(httpcore.ConnectionPool):
    def __init__(
        self, context: ssl.SSLContext, backend: Backend, expiry: float, most: int, idle: int
    ) -> None:
        """`expiry`: seconds that an idle connection is kept; `most` connections, `idle` ones."""
        super().__init__(
            ssl_context=context,
            max_connections=most,
            max_keepalive_connections=idle,
            keepalive_expiry=expiry,
            network_backend=backend,
        )
        self._context = context
        self._backend = backend
        self._expiry = expiry

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
        if origin.scheme != b"https":  # HTTP/2 is agreed on in TLS
            return super().create_connection(origin)
        return Negotiated(origin, self._context, self._backend, self._expiry)


class Negotiated(httpcore.ConnectionInterface):
    """Connects when it is first used, and is then what the server agreed to."""

    def __init__(
        self, origin: httpcore.Origin, context: ssl.SSLContext, backend: Backend, expiry: float
    ) -> None:
        self._origin = origin
        self._context = context
        self._backend = backend
        self._expiry = expiry
        self._spoken: httpcore.ConnectionInterface | None = None
        self._failed = False

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        if self._spoken is None:
            try:
                self._spoken = self._connect(request.extensions.get("timeout", {}).get("connect"))
            except BaseException:
                self._failed = True
                raise
        return self._spoken.handle_request(request)

    def _connect(self, timeout: float | None) -> httpcore.ConnectionInterface:
        host = self._origin.host.decode("ascii")
        stream = self._backend.connect_tcp(host, self._origin.port, timeout)
        self._context.set_alpn_protocols(PROTOCOLS)
        stream = stream.start_tls(self._context, host, timeout)
        if isinstance(stream, OverlappingStream):
            return Http2Connection(self._origin, stream, self._expiry)
        return httpcore.HTTP11Connection(self._origin, stream, self._expiry)

    def close(self) -> None:
        if self._spoken:
            self._spoken.close()

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        return origin == self._origin

    def is_available(self) -> bool:
        return self._spoken is not None and self._spoken.is_available()

    def has_expired(self) -> bool:
        return self._spoken.has_expired() if self._spoken else self._failed

    def is_idle(self) -> bool:
        return self._spoken.is_idle() if self._spoken else self._failed

    def is_closed(self) -> bool:
        return self._spoken.is_closed() if self._spoken else self._failed

    def info(self) -> str:
        return self._spoken.info() if self._spoken else f"{self._origin}, connecting"
