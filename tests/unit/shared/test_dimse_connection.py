"""No connection keeps the event loop to itself, whatever comes over it."""

import asyncio
from typing import Any

import pytest

from shared.dimse.connection import Connection
from shared.dimse.entity import Entity, admit_all
from shared.dimse.framing import MAX_STEPS
from shared.dimse.service import Respond, Response
from shared.sections import Receive
from tests.support.acceptor import Received, RecordingService
from tests.support.raw_association import Asking, c_store_rq, p_data, pdu, pdv


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.reading = True
        self.written: list[bytes] = []

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 104) if name == "peername" else default

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return False


class Line:
    """An association, to whose end bytes are handed as an event loop does."""

    def __init__(self, service: RecordingService) -> None:
        self.transport = Transport()
        self.connection = Connection(Entity([service], Receive(), admit_all))
        self.connection.connection_made(self.transport)
        self.came(Asking().encode())

    def came(self, data: bytes) -> None:
        """All of it in one read, as far as there is room."""
        assert self.transport.reading
        buffer = self.connection.get_buffer(-1)
        buffer[: len(data)] = data
        self.connection.buffer_updated(len(data))


def answering_at(gate: asyncio.Event) -> RecordingService:
    async def wait(_: Received, respond: Respond) -> None:
        await gate.wait()
        await respond(Response(0))

    return RecordingService(answering=wait)


async def turns(line: Line) -> int:
    """How often others had their turn before it reads again."""
    count = 0
    while not line.transport.reading:
        await asyncio.sleep(0)
        count += 1
        assert count < 10_000
    return count


@pytest.mark.parametrize("crumb", [b"", b"x"])
def test_who_sends_crumbs_lets_others_have_their_turn(crumb: bytes) -> None:
    async def send() -> None:
        service = RecordingService()
        line = Line(service)
        crumbs = pdu(4, pdv(1, 0, crumb) * 250) * 20
        line.came(p_data(1, 3, c_store_rq()) + crumbs + p_data(1, 2, b"end"))

        [received] = service.received
        assert received.fragments <= 2 * MAX_STEPS
        assert await turns(line) > 5
        assert received.finished
        assert received.data == crumb * 5000 + b"end"

    asyncio.run(send())


def test_who_fills_the_buffer_lets_others_have_their_turn() -> None:
    async def send() -> None:
        service = RecordingService()
        line = Line(service)
        line.came(p_data(1, 3, c_store_rq()))
        room = len(line.connection.get_buffer(-1))
        line.came(p_data(1, 0, bytes(room - 12)))

        assert service.received[0].fragments == 1
        assert await turns(line) == 1

    asyncio.run(send())


def test_what_waits_for_its_turn_and_is_held_back_comes_once() -> None:
    async def send() -> None:
        gate = asyncio.Event()
        service = answering_at(gate)
        line = Line(service)
        crumbs = pdu(4, pdv(1, 0, b"x") * 200) * 3
        one = p_data(1, 3, c_store_rq()) + crumbs + p_data(1, 2, b"")
        line.came(one * 5)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(service.received) == 1
        assert not line.transport.reading

        gate.set()
        await turns(line)
        assert [each.data for each in service.received] == [b"x" * 600] * 5
        assert all(each.finished for each in service.received)

    asyncio.run(send())


def test_a_pdu_that_began_while_its_peer_waited_for_us_has_its_time_from_the_answer_on() -> None:
    async def send() -> None:
        gate = asyncio.Event()
        service = answering_at(gate)
        line = Line(service)
        clock = line.connection.now()
        line.connection.now = lambda: clock
        following = p_data(1, 3, c_store_rq())
        line.came(p_data(1, 3, c_store_rq()) + p_data(1, 2, b"one") + following[:20])

        clock += 2 * Receive().pdu_timeout
        line.connection.sweep(clock)
        gate.set()
        await asyncio.sleep(0.01)
        line.connection.sweep(clock + 1)
        line.came(following[20:] + p_data(1, 2, b"two"))

        assert [each.data for each in service.received] == [b"one", b"two"]

    asyncio.run(send())
