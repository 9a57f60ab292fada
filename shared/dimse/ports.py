"""The ports that an acceptor listens on: which they are, whether they are free, their sockets."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from shared.sections import Receive

BACKLOG = 1024  # the kernel caps it at net.core.somaxconn
_EVERYWHERE = ("", "::")  # hosts that are each address of this machine

Address = tuple[Any, ...]  # of a socket


def ports(settings: Receive) -> list[int]:
    """Without TLS and with it; there is one at least."""
    secure = settings.tls_certificate_file is not None
    plain = [settings.port] if settings.plain else []
    return [*plain, settings.tls_port] if secure else plain


def places(settings: Receive) -> str:
    """For people."""
    return f"{settings.host}:{' or '.join(str(each) for each in ports(settings))}"


def probe(settings: Receive) -> None:
    """Where several processes of ours are to share ports, which they would with a stranger's too.

    Raises OSError for one that is taken.
    """
    if settings.processes == 1:  # which finds out when it listens
        return
    for port in ports(settings):
        for each in listen(settings.host, port, shared=False):
            each.close()


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
    if host in _EVERYWHERE:
        hosts = ["0.0.0.0", "::"] if socket.has_dualstack_ipv6() else ["0.0.0.0"]
    seen = set()
    for each in hosts:
        for family, _, _, _, address in socket.getaddrinfo(each, port, type=socket.SOCK_STREAM):
            if address not in seen:
                seen.add(address)
                yield family, address
