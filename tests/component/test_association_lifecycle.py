"""How associations end: released, aborted, lost, timed out, drained."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from shared.dimse.service import Respond, Response
from tests.support.acceptor import Received, RecordingService, Running, accepting
from tests.support.raw_association import Asking, RawAssociation, c_store_rq, p_data, pdu
from tests.support.waiting import wait_until

REJECT, RELEASE_RQ, RELEASE_RP, ABORT = 3, 5, 6, 7
RELEASE = pdu(RELEASE_RQ, bytes(4))
USER = 0


class Gated(RecordingService):
    """Answers when the test says so."""

    def __init__(self) -> None:
        super().__init__(answering=self.wait)
        self.gate = asyncio.Event()

    async def wait(self, received: Received, respond: Respond) -> None:
        del received
        await self.gate.wait()
        await respond(Response(0))


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def running(service: RecordingService) -> Iterator[Running]:
    with accepting(service) as running:
        yield running


def test_an_instance_that_was_not_complete_is_abandoned_when_the_connection_is_lost(
    running: Running, service: RecordingService
) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 0, b"half"))
        wait_until(lambda: service.received)

    wait_until(lambda: service.received[0].abandoned)
    assert not service.received[0].finished
    wait_until(lambda: running.acceptor.associations == 0)


def test_an_abort_of_the_peer_ends_it_at_once(running: Running, service: RecordingService) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 0, b"half"), pdu(ABORT, bytes(4)))

        assert requestor.closed()
    assert service.received[0].abandoned


def test_a_release_within_an_instance_is_answered_and_the_instance_abandoned(
    running: Running, service: RecordingService
) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 0, b"half"))

        assert requestor.release() == RELEASE_RP
    assert service.received[0].abandoned


def test_a_release_waits_for_the_answer_before_it() -> None:
    service = Gated()
    with accepting(service) as running, RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 2, b"data"), RELEASE)
        wait_until(lambda: service.received and service.received[0].finished)
        running.loop.call_soon_threadsafe(service.gate.set)

        assert requestor.answer().status == 0
        assert requestor.read()[0] == RELEASE_RP


def test_an_operation_whose_peer_has_gone_comes_to_its_end_unanswered() -> None:
    service = Gated()
    with accepting(service) as running:
        with RawAssociation(running.port) as requestor:
            requestor.associate()
            requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 2, b"data"))
            wait_until(lambda: service.received and service.received[0].finished)
        wait_until(lambda: service.received[0].abandoned)
        running.loop.call_soon_threadsafe(service.gate.set)

        with RawAssociation(running.port) as other:
            other.associate()
            assert other.store(b"data").status == 0


def test_after_a_release_the_connection_is_closed_even_if_the_peer_does_not(
    service: RecordingService,
) -> None:
    with (
        accepting(service, artim_timeout=0.1) as running,
        RawAssociation(running.port) as requestor,
    ):
        requestor.associate()
        assert requestor.release() == RELEASE_RP

        assert requestor.closed()


@pytest.mark.parametrize(
    "sent", [b"", b"\x01", b"\x01\0\0\0\x01\0", b"\x01\0\0\0\x01\0" + bytes(99)]
)
def test_a_connection_without_a_request_is_closed(sent: bytes) -> None:
    with accepting(artim_timeout=0.1) as running, RawAssociation(running.port) as requestor:
        requestor.send(sent)

        assert requestor.closed()


def test_an_association_that_is_silent_is_aborted(service: RecordingService) -> None:
    with (
        accepting(service, idle_timeout=0.2) as running,
        RawAssociation(running.port) as requestor,
    ):
        requestor.associate()
        assert requestor.store(b"data").status == 0

        assert requestor.read() == (ABORT, bytes(4))


@pytest.mark.parametrize(
    "begun",
    [
        struct.pack(">BxI", 4, 1000),
        struct.pack(">BxIIBB", 4, 1000, 996, 1, 3),
        p_data(1, 3, c_store_rq()) + struct.pack(">BxIIBB", 4, 1000, 996, 1, 0) + b"half",
        struct.pack(">BxI", 5, 4),
    ],
)
def test_a_pdu_that_is_begun_must_be_completed(service: RecordingService, begun: bytes) -> None:
    with (
        accepting(service, pdu_timeout=0.2) as running,
        RawAssociation(running.port) as requestor,
    ):
        requestor.associate()
        requestor.send(begun)

        assert requestor.read() == (ABORT, bytes(4))
    assert all(each.abandoned for each in service.received)


def test_a_message_that_trickles_in_is_aborted(service: RecordingService) -> None:
    with (
        accepting(service, message_timeout=0.3) as running,
        RawAssociation(running.port) as requestor,
    ):
        requestor.associate()
        requestor.within(0.02)  # between crumbs
        requestor.send(p_data(1, 3, c_store_rq()))

        def aborted() -> bool:
            requestor.send(p_data(1, 0, b"."))
            try:
                return requestor.read()[0] == ABORT
            except TimeoutError:
                return False

        wait_until(aborted, description="an abort despite complete PDUs")


def test_a_peer_that_does_not_read_its_answers_is_aborted(service: RecordingService) -> None:
    async def flood(received: Received, respond: Respond) -> None:
        while not received.abandoned:
            await respond(Response(0xFF00, identifier=bytes(16_000)))

    service.answering = flood
    with accepting(service, pdu_timeout=0.2) as running:
        with RawAssociation(running.port) as requestor:
            requestor.associate()
            requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 2, b"query"))

            wait_until(lambda: service.received and service.received[0].abandoned)
        wait_until(lambda: running.acceptor.associations == 0)


def test_an_empty_pdu_is_complete(service: RecordingService) -> None:
    with (
        accepting(service, pdu_timeout=0.1) as running,
        RawAssociation(running.port) as requestor,
    ):
        requestor.associate()
        requestor.send(pdu(4, b""))

        with pytest.raises(TimeoutError):
            requestor.within(0.5).read()


def test_time_we_take_for_an_answer_is_not_the_peers(service: RecordingService) -> None:
    async def slowly(received: Received, respond: Respond) -> None:
        del received
        await asyncio.sleep(0.6)
        await respond(Response(0))

    service.answering = slowly
    times: dict[str, Any] = dict.fromkeys(("idle_timeout", "pdu_timeout", "message_timeout"), 0.2)
    with accepting(service, **times) as running, RawAssociation(running.port) as requestor:
        requestor.associate()

        assert requestor.store(b"data").status == 0


def test_draining_refuses_new_associations_and_lets_an_instance_finish() -> None:
    service = Gated()
    with accepting(service) as running, RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 2, b"data"))
        wait_until(lambda: service.received and service.received[0].finished)
        drained = running.drain(grace=20)
        wait_until(lambda: running.acceptor.draining)

        with RawAssociation(running.port) as late:
            late.send(Asking().encode())
            assert late.read() == (REJECT, bytes((0, 2, 3, 1)))
        running.loop.call_soon_threadsafe(service.gate.set)
        assert requestor.answer().status == 0
        assert requestor.release() == RELEASE_RP
        drained.result(10)

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port))


def test_draining_asks_a_silent_association_to_release(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        drained = running.drain(grace=20)

        assert requestor.read() == (RELEASE_RQ, bytes(4))
        requestor.send(pdu(RELEASE_RP, bytes(4)))
        assert requestor.closed()
        drained.result(10)


def test_when_both_ask_to_release_the_acceptor_answers_last(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        running.drain(grace=20)
        assert requestor.read()[0] == RELEASE_RQ

        requestor.send(RELEASE)
        requestor.send(pdu(RELEASE_RP, bytes(4)))
        assert requestor.read()[0] == RELEASE_RP


def test_draining_closes_what_is_left_in_the_end(
    running: Running, service: RecordingService
) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 0, b"half"))
        wait_until(lambda: service.received)

        running.drain(grace=0.2).result(10)

        assert requestor.closed()
    assert service.received[0].abandoned


def test_one_associations_end_is_not_anothers(running: Running) -> None:
    with ExitStack() as stack:
        requestors = [stack.enter_context(RawAssociation(running.port)) for _ in range(10)]
        for each in requestors:
            each.associate()
        for each in requestors[::2]:
            each.socket.close()

        assert all(each.store(b"data").status == 0 for each in requestors[1::2])


def test_an_instance_and_an_abort_in_one_breath_make_one_call_not_two(
    running: Running, service: RecordingService
) -> None:
    """Found by the fuzzer: finish came after abandon."""
    for _ in range(20):
        with RawAssociation(running.port) as requestor:
            requestor.associate()
            store = p_data(1, 3, c_store_rq()) + p_data(1, 2, b"data")
            requestor.send(store + pdu(ABORT, bytes(4)))
    wait_until(lambda: running.acceptor.associations == 0 and len(service.received) == 20)

    assert all(each.finished != each.abandoned for each in service.received)
