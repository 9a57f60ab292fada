"""Listens for associations and keeps them: deadlines while it runs, drained at its end."""

import asyncio
import contextlib
from collections.abc import Sequence

from shared import logs
from shared.dimse.connection import Connection
from shared.dimse.entity import Admit, Entity, admit_all
from shared.dimse.service import Service
from shared.sections import Receive

BACKLOG = 1024  # the kernel caps it at net.core.somaxconn
_SWEEP = 1.0  # seconds between looks at the deadlines, at most
_DRAIN_SWEEP = 0.1
_QUIET = 2.0  # seconds without a message after which a draining association is asked to release

log = logs.get(__name__)


class Acceptor:
    def __init__(
        self,
        services: Sequence[Service],
        settings: Receive,
        *,
        host: str,
        port: int,
        admit: Admit = admit_all,
    ) -> None:
        self._entity = Entity(services, settings, admit)
        self.drain_timeout = settings.drain_timeout
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port in use, where any was asked for."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def associations(self) -> int:
        return len(self._entity.census.associated())

    @property
    def draining(self) -> bool:
        return self._entity.draining

    @property
    def buffered(self) -> int:
        """Bytes of input kept in memory, over all connections."""
        return self._entity.census.buffered

    async def start(self) -> None:
        """Raises OSError, for example for a port that is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._entity), self._host or None, self._port, backlog=BACKLOG
        )
        self._port = self.port
        self._sweeper = loop.create_task(self._sweep())

    async def drain(self, grace: float) -> None:
        """Refuse new associations, let those there are finish, close all after `grace` seconds."""
        self._entity.draining = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        while self.associations and loop.time() < deadline:
            for member in self._entity.census.associated():
                member.drain(_QUIET)
            await asyncio.sleep(_DRAIN_SWEEP)
        await self.close()

    async def close(self) -> None:
        """End everything now. An operation that is being answered still comes to its end."""
        if self._server:
            self._server.close()
        if self._sweeper:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        for member in self._entity.census.members():
            member.drop()
        if self._entity.answering:
            await asyncio.wait(self._entity.answering)

    async def _sweep(self) -> None:
        pause = min(_SWEEP, self._entity.timeouts.shortest / 4)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause)
            now = loop.time()
            for member in self._entity.census.members():
                member.sweep(now)
