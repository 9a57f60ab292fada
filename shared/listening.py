"""Sockets to listen with, of whatever service: one for each address of the host that is named.

Standard library only: see shared.health.
"""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

BACKLOG = 1024  # the kernel caps it at net.core.somaxconn
EVERYWHERE = ("", "::")  # hosts that are each address of this machine

Address = tuple[Any, ...]  # of a socket


def listen(host: str, port: int, *, shared: bool) -> list[socket.socket]:
    """A socket for each address of the host. Raises OSError.

    `shared`: with other processes of ours.
    """
    opened: list[socket.socket] = []
    with contextlib.ExitStack() as undoing:
        for family, (name, _, *more) in _addresses(host, port):
            one = socket.create_server(
                (name, port, *more), family=family, backlog=BACKLOG, reuse_port=shared
            )
            undoing.callback(one.close)
            opened.append(one)
            port = one.getsockname()[1]  # the others have the same where any was asked for
        undoing.pop_all()
    return opened


def _addresses(host: str, port: int) -> Iterator[tuple[socket.AddressFamily, Address]]:
    """IPv4 has a socket of its own: through one of IPv6, peers would be called ::ffff:10.0.0.1."""
    hosts = [host]
    if host in EVERYWHERE:
        hosts = ["0.0.0.0", "::"] if socket.has_dualstack_ipv6() else ["0.0.0.0"]
    seen = set()
    for each in hosts:
        for family, _, _, _, address in socket.getaddrinfo(each, port, type=socket.SOCK_STREAM):
            if address not in seen:
                seen.add(address)
                yield family, address
