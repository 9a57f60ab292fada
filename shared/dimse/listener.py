"""The listening sockets: plain, and with TLS, where a connection counts from its first byte on."""

import asyncio
import socket
import ssl

from shared import logs
from shared.dimse.connection import Connection
from shared.dimse.entity import Entity
from shared.dimse.tls import Credentials

BACKLOG = 1024  # the kernel caps it at net.core.somaxconn
_SHORTAGE_PAUSE = 0.1  # seconds before the next accept where descriptors or memory ran out

log = logs.get(__name__)


class PlainListener:
    def __init__(self, server: asyncio.Server) -> None:
        self._server = server
        self.port = int(server.sockets[0].getsockname()[1])

    @classmethod
    async def open(cls, entity: Entity, host: str, port: int, *, shared: bool) -> "PlainListener":
        """Raises OSError. A port that is `shared` may be opened by several processes of ours."""
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(entity), host or None, port, backlog=BACKLOG, reuse_port=shared
        )
        return cls(server)

    def close(self) -> None:
        self._server.close()


class Handshake:
    """A connection that has no TLS session yet: in the census like any other half-open one."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def drop(self) -> None:
        self._task.cancel()

    def sweep(self, now: float) -> None:
        """Its deadline is that of the TLS handshake."""

    def drain(self, quiet: float) -> None:
        pass


class TlsListener:
    """Accepts by itself, so that handshakes are counted, and never stand in each other's way."""

    def __init__(self, entity: Entity, credentials: Credentials, listening: socket.socket) -> None:
        self._entity = entity
        self._credentials = credentials
        self._listening = listening
        self.port = int(listening.getsockname()[1])
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    @classmethod
    def open(
        cls, entity: Entity, credentials: Credentials, address: tuple[str, int], *, shared: bool
    ) -> "TlsListener":
        """Raises OSError."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        listening = socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=shared)
        listening.setblocking(False)
        return cls(entity, credentials, listening)

    def close(self) -> None:
        self._accepting.cancel()
        for task in self._handshakes:
            task.cancel()
        self._listening.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._listening)
            except OSError as error:
                log.warning("connection.not_accepted", reason=error.strerror)
                await asyncio.sleep(_SHORTAGE_PAUSE)
            else:
                self._begin(connection, str(address[0]))

    def _begin(self, connection: socket.socket, address: str) -> None:
        loop, census = asyncio.get_running_loop(), self._entity.census
        task = loop.create_task(self._shake_hands(connection, address))
        handshake = Handshake(task)
        census.arrive(handshake)
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)
        task.add_done_callback(lambda _: census.leave(handshake))

    async def _shake_hands(self, connection: socket.socket, address: str) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self._entity),
                connection,
                ssl=self._credentials.context,
                ssl_handshake_timeout=self._entity.timeouts.artim,
            )
        except ssl.SSLError as error:
            log.warning("tls.refused", address=address, reason=error.reason or str(error))
        except OSError:
            log.debug("tls.lost", address=address)  # a probe of the port, or somebody silent
