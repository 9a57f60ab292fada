"""Listens for associations and keeps them: deadlines while it runs, drained at its end."""

import asyncio
import contextlib
from collections.abc import Sequence

from shared import logs
from shared.dimse import descriptors
from shared.dimse.admission import Admission
from shared.dimse.census import Member
from shared.dimse.dealing import Seat
from shared.dimse.entity import Admit, Entity, admit_all
from shared.dimse.listener import PLAIN, TLS, PlainListener, TlsListener
from shared.dimse.service import Service
from shared.dimse.tls import Credentials
from shared.dimse.transport import CONNECTION, MESSAGE, RECEIVE_BUFFER, TLS_CONNECTION
from shared.memory import pages
from shared.sections import Receive

_SWEEP = 1.0  # seconds between looks at the deadlines, at most
_CATCH_UP = 0.1  # seconds in which the event loop reads everything there is
_RENEWAL = 10.0  # seconds between looks at the certificate files
_DRAIN_SWEEP = 0.1
_LAST_WORDS = 1.0  # seconds for closed connections to say so
_FAREWELL = 1.0  # seconds for peers to close, after a release or a refusal, before we do
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
        """`admit`: has the last word, for reasons that pass.

        Raises ConfigurationError for certificates that cannot be used.
        """
        self._entity = Entity(services, settings, admit)
        self._settings = settings
        self._address = host, port
        self._credentials = Credentials(settings) if settings.tls_certificate_file else None
        self._plain: PlainListener | None = None
        self._tls: TlsListener | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._drain_began: float | None = None  # until its end is told
        self._cut_off = 0  # associations
        self.drain_timeout = settings.drain_timeout
        self.seat: Seat | None = None  # among processes that share the port; set before the start

    @property
    def admission(self) -> Admission:
        """Who may connect; everybody until it is set. May be set again while it runs."""
        return self._entity.admission

    @admission.setter
    def admission(self, admission: Admission) -> None:
        self._entity.admission = admission
        self._entity.negotiator.forget()

    @property
    def port(self) -> int:
        """The port in use, where any was asked for."""
        return self._plain.port if self._plain else self._address[1]

    @property
    def tls_port(self) -> int:
        return self._tls.port if self._tls else self._settings.tls_port

    @property
    def plain_port(self) -> int | None:
        return self._plain.port if self._plain else None

    @property
    def secure_port(self) -> int | None:
        """The one with TLS, if there is one."""
        return self._tls.port if self._tls else None

    @property
    def listening(self) -> bool:
        return self._plain is not None or self._tls is not None

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

    def check(self) -> str | None:
        """For /readyz: may associations be opened here?"""
        if self.draining:
            return "is draining"
        if self.seat and self.seat.silent:
            return f"{len(self.seat.silent)} of its processes do not answer"
        return None if self.listening else "does not listen yet"

    async def start(self) -> None:
        """Raises OSError, for example for a port that is taken."""
        descriptors.allow(self._settings.max_associations)
        host, port = self._address
        seat = self.seat
        if self._settings.plain:
            self._plain = await PlainListener.open(self._entity, host, port, seat=seat)
        if self._credentials:
            address = host, self._settings.tls_port
            try:
                self._tls = TlsListener.open(self._entity, self._credentials, address, seat=seat)
            except OSError:
                self._stop_listening()
                raise
        loop = asyncio.get_running_loop()
        if seat:
            self._entity.census.told = seat.has
            loop.add_reader(seat.fileno(), self._adopt, seat)
            seat.sit()
        self._tasks = [loop.create_task(self._sweep()), loop.create_task(self._renew())]
        self._report()

    def renew(self) -> None:
        """Take up certificates that have changed."""
        if self._credentials:
            self._credentials.refresh()

    async def drain(self, grace: float) -> None:
        """Refuse new associations, let those there are finish, close all after `grace` seconds."""
        self._entity.draining = True
        if self.seat:
            self.seat.rise()
        loop = asyncio.get_running_loop()
        self._drain_began = loop.time()
        log.info("acceptor.draining", associations=self.associations, seconds=grace)
        deadline = self._drain_began + grace
        asked: set[Member] = set()  # to release: the peer's answer must find somebody
        while (self.associations or asked) and loop.time() < deadline:
            asked |= self._ask_to_release()
            await asyncio.sleep(_DRAIN_SWEEP)
            asked &= {*self._entity.census.members()}
        await self._deserted(min(_FAREWELL, deadline - loop.time()))
        await self.close()

    async def close(self) -> None:
        """End everything now. An operation that is being answered still comes to its end."""
        self._stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._cut_off = max(self._cut_off, self.associations)
        for member in self._entity.census.members():
            member.drop("cut off by our drain" if self.draining else "closed by us")
        # Let each connection hear of its end, so that what was not complete is abandoned.
        await self._deserted(_LAST_WORDS)
        if self._entity.answering:
            await asyncio.wait(self._entity.answering)
        self._tell_of_drain()

    def _tell_of_drain(self) -> None:
        """Its end, once: a second signal ends it sooner, and closing is harmless twice."""
        began, self._drain_began = self._drain_began, None
        if began is not None:
            report = log.warning if self._cut_off else log.info
            seconds = round(asyncio.get_running_loop().time() - began, 1)
            report("acceptor.drained", cut_off=self._cut_off, seconds=seconds)

    def _ask_to_release(self) -> set[Member]:
        """Those who were."""
        census = self._entity.census
        before = census.associated()
        for member in before:
            member.drain(_QUIET)
        return {*before}.difference(census.associated())

    async def _deserted(self, seconds: float) -> None:
        """Wait until there is no connection, and no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._entity.census.deserted()

    async def _sweep(self) -> None:
        pause = min(_SWEEP, self._entity.timeouts.shortest / 4)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause)
            if self.seat:
                self.seat.beat()
            now = loop.time()
            # If we stood still, what came in time is not read yet: that is first, and then counts.
            await asyncio.sleep(_CATCH_UP)
            for member in self._entity.census.members():
                member.sweep(now)

    async def _renew(self) -> None:
        while self._credentials:
            await asyncio.sleep(_RENEWAL)
            self.renew()

    def _adopt(self, seat: Seat) -> None:
        """Connections that other processes have handed on."""
        listeners = {PLAIN: self._plain, TLS: self._tls}
        for number, connection in seat.take():
            listener = listeners[number]
            if listener:
                listener.adopt(connection)
            else:  # we have stopped meanwhile
                connection.close()

    def _stop_listening(self) -> None:
        if self.seat:
            self.seat.rise()
            asyncio.get_running_loop().remove_reader(self.seat.fileno())
        for listener in (self._plain, self._tls):
            if listener:
                listener.close()

    def _report(self) -> None:
        settings = self._settings
        log.info(
            "acceptor.started",
            port=self.plain_port,
            tls_port=self.secure_port,
            max_associations=settings.max_associations,
            memory_bound=memory_bound(settings),
        )
        if self._tls and settings.tls_legacy:
            log.warning("tls.legacy", reason="old versions and ciphers are allowed")
        self._entity.admission.tell()


def memory_bound(settings: Receive) -> int:
    """Bytes that associations can take at most, whatever comes over the wire; pixel data none."""
    connections = settings.max_associations + settings.max_pending
    per_connection = CONNECTION + (TLS_CONNECTION if settings.tls_certificate_file else 0)
    messages = settings.max_associations * MESSAGE
    return settings.max_buffered + pages(RECEIVE_BUFFER) + connections * per_connection + messages
