"""An association without sockets: bytes in, bytes out, and a service that keeps its contract."""

import asyncio
import random
import zlib
from collections.abc import Callable
from typing import Any

from shared.dimse.connection import Connection
from shared.dimse.entity import Entity, admit_all
from shared.dimse.service import Request, Respond, Response, Service
from shared.sections import Receive

MOST_OUTPUT = 1 << 22  # bytes; a C-FIND here has three answers of 300 bytes
_PATIENCE = 50  # turns of the event loop between two answers


class StrictOperation:
    """Fails where the acceptor breaks the contract of shared.dimse.service."""

    def __init__(self, request: Request, breaches: list[str]) -> None:
        self.request = request
        self.state = "writing"
        self._breaches = breaches

    def write(self, fragment: memoryview) -> None:
        del fragment
        self._expect("write", "writing")

    async def finish(self, respond: Respond) -> None:
        self._expect("finish", "writing")
        self.state = "answering"
        await asyncio.sleep(0)
        for _ in range(self.request.message_id % 3):
            await respond(Response(0xFF00, identifier=bytes(300)))
        await respond(Response(0, comment="a comment"))
        self.state = "gone" if self.state == "abandoned" else "answered"

    def abandon(self) -> None:
        self._expect("abandon", "writing", "answering")
        self.state = "abandoned"

    def cancel(self) -> None:
        self._expect("cancel", "writing", "answering", "answered")

    def _expect(self, call: str, *states: str) -> None:
        if self.state not in states:
            self._breaches.append(f"{call} while {self.state}")  # what is raised is caught


class StrictService(Service):
    def __init__(self) -> None:
        self.operations: list[StrictOperation] = []
        self.breaches: list[str] = []

    def takes(self, abstract_syntax: str) -> bool:
        return abstract_syntax.startswith("1.2.840.10008.5.")

    def begin(self, request: Request) -> StrictOperation:
        operation = StrictOperation(request, self.breaches)
        self.operations.append(operation)
        return operation


class MemoryTransport(asyncio.Transport):
    def __init__(self, protocol: Connection) -> None:
        super().__init__()
        self._protocol = protocol
        self.written = 0
        self.reading = True
        self._closing = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 104) if name == "peername" else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += len(data)
        assert self.written < MOST_OUTPUT

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)


async def associate(stream: bytes) -> None:
    """Feed `stream` to a new connection, in pieces, then close it. AssertionError: a bug."""
    service = StrictService()
    entity = Entity([service], Receive(max_buffered=1 << 20), admit_all)
    connection = Connection(entity)
    transport = MemoryTransport(connection)
    connection.connection_made(transport)
    pieces = random.Random(zlib.crc32(stream))
    at = 0
    while at < len(stream) and not transport.is_closing():
        size = pieces.choice((1, 5, 6, 7, 40, 300, 4096))
        _deliver(connection, stream[at : at + size])
        at += size
        await _until(lambda: transport.reading or transport.is_closing(), transport)
    connection.sweep(1e9)
    transport.abort()
    await _until(lambda: not entity.census.members() and not entity.answering, transport)
    assert entity.census.buffered == 0
    assert not service.breaches, service.breaches
    assert all(each.state in {"answered", "abandoned", "gone"} for each in service.operations)


def _deliver(connection: Connection, data: bytes) -> None:
    while data:
        buffer = connection.get_buffer(-1)
        assert len(buffer) > 0
        taken = min(len(buffer), len(data))
        buffer[:taken] = data[:taken]
        connection.buffer_updated(taken)
        data = data[taken:]


async def _until(condition: Callable[[], bool], transport: MemoryTransport) -> None:
    """A piece may have many requests in it, which are answered one after the other."""
    turns, written = 0, 0
    while not condition():
        turns = turns + 1 if transport.written == written else 0
        written = transport.written
        if turns == _PATIENCE:
            raise AssertionError("an operation does not come to its end")
        await asyncio.sleep(0)
