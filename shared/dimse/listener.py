"""The listening sockets: plain, and with TLS, where a connection counts from its first byte on.

One whose port other processes share hands connections on, and adopts what was handed on to it.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from shared import logs
from shared.dimse.connection import Connection
from shared.dimse.dealing import Seat
from shared.dimse.entity import Entity
from shared.dimse.tls import Credentials
from shared.dimse.tls_words import worded
from shared.listening import BACKLOG, listen

PLAIN, TLS = 0, 1  # which listener a connection came by, where it is handed on
_SHORTAGE_PAUSE = 0.1  # seconds before the next accept where descriptors or memory ran out

log = logs.get(__name__)


class _Dealt(Connection):
    """One that came by a port that is shared."""

    def __init__(self, entity: Entity, seat: Seat) -> None:
        super().__init__(entity)
        self._seat = seat

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._seat.hand_on(transport.get_extra_info("socket").fileno(), PLAIN):
            cast("asyncio.Transport", transport).abort()
        else:
            super().connection_made(transport)


_Factory = Callable[[], Connection]


class Newcomer:
    """A connection that was accepted, and is not made yet: in the census like any half-open one."""

    def __init__(self, entity: Entity, making: Callable[[_Factory], Awaitable[None]]) -> None:
        self._entity = entity
        self.task = asyncio.ensure_future(making(self._become))
        self.task.add_done_callback(self.made)
        entity.census.arrive(self)  # which may drop any: now there is something to cancel

    def made(self, done: object = None) -> None:
        """It is a connection now, or there will be none."""
        del done
        self._entity.census.leave(self)

    def _become(self) -> Connection:
        return _Made(self._entity, self.made)

    def drop(self, how: str = "") -> None:
        del how
        self.task.cancel()

    def sweep(self, now: float) -> None:
        """Its deadline is that of the TLS handshake."""

    def drain(self, quiet: float) -> None:
        pass

    def give_up(self) -> None:
        """It keeps nothing."""


class _Made(Connection):
    """One that was a newcomer: who looks how many there are must not see both."""

    def __init__(self, entity: Entity, made: Callable[[], None]) -> None:
        super().__init__(entity)
        self._made = made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made()
        super().connection_made(transport)


class _Newcomers:
    """Of one listener."""

    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        self._tasks: set[asyncio.Future[None]] = set()

    def begin(self, making: Callable[[_Factory], Awaitable[None]]) -> None:
        task = Newcomer(self._entity, making).task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


class PlainListener:
    def __init__(self, entity: Entity, servers: list[asyncio.Server]) -> None:
        self._entity = entity
        self._servers = servers
        self.port = int(servers[0].sockets[0].getsockname()[1])
        self._newcomers = _Newcomers(entity)

    @classmethod
    async def open(
        cls, entity: Entity, host: str, port: int, *, seat: Seat | None
    ) -> "PlainListener":
        """Raises OSError. `seat`: where several processes of ours share the port."""
        loop = asyncio.get_running_loop()
        made = partial(_Dealt, entity, seat) if seat else partial(Connection, entity)
        listening = listen(host, port, shared=seat is not None)
        return cls(
            entity,
            [await loop.create_server(made, sock=each, backlog=BACKLOG) for each in listening],
        )

    def adopt(self, connection: socket.socket) -> None:
        """What another process has accepted."""
        self._newcomers.begin(partial(self._make, connection))

    def close(self) -> None:
        for each in self._servers:
            each.close()
        self._newcomers.close()

    async def _make(self, connection: socket.socket, factory: _Factory) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(factory, connection)
        except OSError:
            connection.close()  # its peer is gone already


class TlsListener:
    """Accepts by itself, so that handshakes are counted, and never stand in each other's way."""

    def __init__(
        self,
        entity: Entity,
        credentials: Credentials,
        listening: list[socket.socket],
        seat: Seat | None,
    ) -> None:
        self._entity = entity
        self._credentials = credentials
        self._seat = seat
        self._listening = listening
        self.port = int(listening[0].getsockname()[1])
        self._newcomers = _Newcomers(entity)
        loop = asyncio.get_running_loop()
        self._accepting = [loop.create_task(self._accept(each)) for each in listening]

    @classmethod
    def open(
        cls,
        entity: Entity,
        credentials: Credentials,
        address: tuple[str, int],
        *,
        seat: Seat | None,
    ) -> "TlsListener":
        """As of PlainListener."""
        listening = listen(*address, shared=seat is not None)
        for each in listening:
            each.setblocking(False)
        return cls(entity, credentials, listening, seat)

    def adopt(self, connection: socket.socket) -> None:
        """What another process has accepted."""
        try:
            address = str(connection.getpeername()[0])
        except OSError:
            connection.close()  # its peer is gone already
        else:
            self._newcomers.begin(partial(self._shake_hands, connection, address))

    def close(self) -> None:
        for task in self._accepting:
            task.cancel()
        self._newcomers.close()
        for listening in self._listening:
            listening.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                log.warning("connection.not_accepted", reason=error.strerror)
                await asyncio.sleep(_SHORTAGE_PAUSE)
            else:
                if self._seat and self._seat.hand_on(connection.fileno(), TLS):
                    connection.close()
                else:
                    self._newcomers.begin(partial(self._shake_hands, connection, str(address[0])))

    async def _shake_hands(
        self, connection: socket.socket, address: str, factory: _Factory
    ) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                factory,
                connection,
                ssl=self._credentials.context,
                ssl_handshake_timeout=self._entity.timeouts.artim,
            )
        except ssl.SSLError as error:
            log.warning("tls.refused", address=address, reason=worded(error))
        except OSError:
            log.debug("tls.lost", address=address)  # a probe of the port, or somebody silent
