"""What the acceptor asks of its sockets."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

# One buffer serves all associations: input is taken out of it before the next read.
RECEIVE_BUFFER = 1048576  # bytes: a CT in one read or two
# What a connection takes beside its input (see docs/decisions/0003): our objects, and output
# waiting for a peer that reads slowly; with TLS also its session and the buffers of its records.
CONNECTION = 4096 + 65536
TLS_CONNECTION = 2 * 262144 + 65536
# What an association takes while a message begins: its head, held back until it says what it is of,
# and zlib's state (zconf.h), where it is deflated.
MESSAGE = 65536 + 49152

_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}  # half-open peers: 2 min
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux


def tune(transport: asyncio.BaseTransport) -> Callable[[], None]:
    """Set the options that last; returns what sets the one that does not (see acknowledge)."""
    connection: Any = transport.get_extra_info("socket")
    if connection is None or connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return _nothing
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in _KEEPALIVE.items():
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
    if _QUICKACK is None:
        return _nothing
    option = _QUICKACK

    def acknowledge() -> None:
        """A peer with Nagle's algorithm sends the rest of a message only once the first part is
        acknowledged; the kernel would take 40 ms over that, and forgets what it was told.
        """
        try:
            connection.setsockopt(socket.IPPROTO_TCP, option, 1)
        except OSError:
            return  # the connection is gone: that is reported elsewhere

    return acknowledge


def _nothing() -> None:
    pass
