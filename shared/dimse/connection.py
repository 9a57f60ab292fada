"""One connection: bytes read into the shared buffer, cut into PDUs, and answers written back."""

import asyncio
from collections.abc import Callable
from typing import cast

from shared import logs
from shared.dimse.association import Association
from shared.dimse.deadlines import Deadlines
from shared.dimse.entity import Entity
from shared.dimse.framing import Framer
from shared.dimse.pdu import NOT_SPECIFIED, ProtocolFault
from shared.dimse.transport import tune

log = logs.get(__name__)


class Connection(asyncio.BufferedProtocol):
    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        self._loop = asyncio.get_running_loop()
        self.now: Callable[[], float] = self._loop.time
        self.deadlines = Deadlines(entity.timeouts, self.now())
        self._association = Association(entity, self)
        self._framer = Framer(self._association)
        self._rest: bytes | memoryview = b""  # input not taken yet, as of Framer.feed
        self._pausing = False  # whether others have their turn before more input is taken
        self._kept = 0  # bytes of input counted in the census
        self._deaf = False  # whether input is thrown away
        self._writable: asyncio.Future[None] | None = None  # while the peer does not read

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._acknowledge: Callable[[], None] = tune(transport)
        self._entity.census.arrive(self)
        address = transport.get_extra_info("peername") or ("", 0)
        self._association.connected(str(address[0]), int(address[1]))

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        buffer = self._entity.buffer
        if not self._rest:
            return buffer
        kept = len(self._rest)
        buffer[:kept] = self._rest
        return buffer[kept:]

    def buffer_updated(self, nbytes: int) -> None:
        buffer, end = self._entity.buffer, len(self._rest) + nbytes
        self._feed(buffer[:end])
        if end == len(buffer):  # there may be more: uvloop would read it before it serves others
            self._pause()

    def eof_received(self) -> bool:
        return False  # half a connection is none: close it

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._association.disconnected()
        self._hear_no_more()
        self._entity.census.leave(self)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()
        self.deadlines.output = self.now()

    def resume_writing(self) -> None:
        self.deadlines.output = 0.0
        if self._writable and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the acceptor calls

    def sweep(self, now: float) -> None:
        self._association.sweep(now)

    def drain(self, quiet: float) -> None:
        self._association.drain(quiet)

    def drop(self, how: str = "") -> None:
        self._association.outcome = how or self._association.outcome
        self._hear_no_more()
        self._transport.abort()

    def give_up(self) -> None:
        self._fail(ProtocolFault(NOT_SPECIFIED, "too much input is kept"))

    # What the association calls

    def write(self, data: bytes) -> asyncio.Future[None] | None:
        """What to wait for before the next, while the peer reads slowly."""
        self._transport.write(data)
        return self._writable

    def hold(self) -> None:
        """Take no more input for now."""
        self._framer.held = True
        self._transport.pause_reading()

    def proceed(self) -> None:
        """Take what was held back, then more; nothing where nothing was."""
        if not self._framer.held or self._deaf:
            return
        self._framer.held = False
        self._association.resume()
        self._take_rest()

    def _pause(self) -> None:
        """Let the other connections have their turn."""
        if not self._pausing and not self._deaf:
            self._pausing = True
            self._transport.pause_reading()
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._pausing = False
        if not self._framer.held and not self._deaf:
            self._take_rest()

    def _take_rest(self) -> None:
        self._feed(memoryview(self._rest))
        ready = not self._framer.held and not self._pausing
        if ready and not self._transport.is_closing():
            self._transport.resume_reading()

    def _feed(self, view: memoryview) -> None:
        self._rest = b""
        if self._deaf:
            return
        framer, association = self._framer, self._association
        association.on_read()
        try:
            taken = framer.feed(view, len(view))
            left = len(view) - taken
            if left:
                ours = view.obj is not self._entity.buffer.obj
                self._rest = view[taken:] if ours else bytes(view[taken:])
                if framer.takes(left):
                    self._pause()
            self._account()
        except ProtocolFault as fault:
            self._fail(fault)
        except Exception:  # a service's mistake must not be the end of more than its association
            log.exception("association.failed")
            self.drop("ended by a fault of ours")
        if framer.within:
            self._acknowledge()
        else:
            self.deadlines.pdu = 0.0
            if association.partial:
                self._acknowledge()

    def _fail(self, fault: ProtocolFault) -> None:
        self._deaf = True  # where the next PDU begins is not known any more
        self._association.fault(fault)
        self._hear_no_more()

    def _hear_no_more(self) -> None:
        self._deaf = True
        self._rest = b""
        self._framer.forget()
        self._account()

    def _account(self) -> None:
        kept = len(self._rest) + self._framer.kept + self._association.kept
        if kept != self._kept:
            self._kept = kept
            self._entity.census.keeps(self, kept)
