"""Bytes that are no DICOM, or pretend to be: an abort, and nobody else notices."""

import asyncio
import resource
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from select import select

import pytest

from tests.support.acceptor import RecordingService, Running, accepting
from tests.support.raw_association import (
    CT,
    EXPLICIT,
    Asking,
    RawAssociation,
    c_store_rq,
    item,
    p_data,
    pdu,
    pdv,
)
from tests.support.waiting import wait_until

ABORT = 7
USER, PROVIDER = 0, 2
UNRECOGNIZED, UNEXPECTED, INVALID = 1, 2, 6


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def running(service: RecordingService) -> Iterator[Running]:
    with accepting(service) as running:
        yield running


def abort_of(requestor: RawAssociation) -> tuple[int, int]:
    """Source and reason of the A-ABORT that must come."""
    kind, body = requestor.read()
    assert kind == ABORT
    return body[2], body[3]


def request(body: bytes) -> bytes:
    """An A-ASSOCIATE-RQ of these variable items."""
    return pdu(1, struct.pack(">HH", 1, 0) + b"ANY".ljust(16) + b"RAW".ljust(16) + bytes(32) + body)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS ClientHello
        bytes(100),
        b"\xff" * 100,
        pdu(2, bytes(68)),
        pdu(3, bytes(4)),
        pdu(5, bytes(4)),
        pdu(6, bytes(4)),
        p_data(1, 3, c_store_rq()),
        struct.pack(">BxI", 1, 0xFFFFFFFF),
        struct.pack(">BxI", 1, 300_000),
        struct.pack(">BxI", 4, 0xFFFFFFFF),
        struct.pack(">BxI", 7, 0xFFFFFFFF),
    ],
)
def test_what_is_no_request_is_aborted_at_once(running: Running, sent: bytes) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.send(sent)

        assert abort_of(requestor) == (0, 0)


@pytest.mark.parametrize(
    "items",
    [
        b"\x20",
        b"\x20\0\xff\xff",
        item(0x20, b"\1\0\0\0\x30"),
        item(0x20, b"\1\0\0\0\x30\0\xff\xff"),
        item(0x50, b"\x51\0\0\xff"),
        item(0x60, b"") * 9000,
    ],
)
def test_a_request_whose_lengths_lie_is_aborted(running: Running, items: bytes) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.send(request(items))

        assert abort_of(requestor) == (PROVIDER, INVALID)


def test_a_request_that_is_too_short_is_refused(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.send(pdu(1, b"\0\1"))

        assert requestor.read() == (3, bytes((0, 1, 2, 2)))


def test_a_protocol_version_without_the_first_is_refused(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.send(Asking(version=2).encode())

        assert requestor.read() == (3, bytes((0, 1, 2, 2)))


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (Asking().encode(), UNEXPECTED),
        (pdu(2, bytes(68)), UNRECOGNIZED),
        (pdu(6, bytes(4)), UNEXPECTED),
        (pdu(9, b""), UNRECOGNIZED),
        (p_data(1, 2, b"data without a command"), UNEXPECTED),
        (p_data(5, 3, c_store_rq()), INVALID),
        (p_data(1, 3, c_store_rq()) + p_data(3, 2, b"of another context"), UNEXPECTED),
        (p_data(1, 3, c_store_rq()) + p_data(1, 3, c_store_rq()), UNEXPECTED),
        (p_data(1, 1, b"half") + p_data(3, 3, b"a command"), UNEXPECTED),
        (p_data(1, 1, bytes(20_000)), INVALID),
        (pdu(4, pdv(1, 1, b"") * 300), INVALID),
        (pdu(4, struct.pack(">IBB", 0, 1, 3)), INVALID),
        (pdu(4, struct.pack(">IBB", 1, 1, 3)), INVALID),
        (pdu(4, struct.pack(">IBB", 3, 1, 3)), INVALID),
        (pdu(4, struct.pack(">IBB", 0xFFFFFFFF, 1, 3)), INVALID),
        (pdu(4, b"\0\0\0") + bytes(6), INVALID),
        (pdu(4, pdv(1, 3, c_store_rq()) + b"\0\0") + bytes(6), INVALID),
        (struct.pack(">BxI", 4, 0xFFFFFFFF), INVALID),
        (struct.pack(">BxI", 5, 1000), INVALID),
    ],
)
def test_a_broken_protocol_ends_the_association_alone(
    running: Running, service: RecordingService, sent: bytes, reason: int
) -> None:
    with RawAssociation(running.port) as good, RawAssociation(running.port) as requestor:
        good.associate()
        requestor.associate(Asking(contexts=[(1, CT, [EXPLICIT]), (3, CT, [EXPLICIT])]))
        requestor.send(sent)

        assert abort_of(requestor) == (PROVIDER, reason)
        assert good.store(b"data").status == 0
    assert all(each.finished or each.abandoned for each in service.received)


def test_a_declared_length_of_4_gib_is_never_allocated(running: Running) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(struct.pack(">BxI", 4, 0xFFFFFFFF), bytes(65536))

        assert abort_of(requestor) == (PROVIDER, INVALID)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16384  # KiB


def test_an_instance_of_any_size_leaves_nothing_in_memory(
    running: Running, service: RecordingService
) -> None:
    kept = running.acceptor.buffered
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(p_data(1, 3, c_store_rq()), struct.pack(">BxI", 4, 1 << 26))
        requestor.send(struct.pack(">IBB", (1 << 26) - 4, 1, 0), bytes(1 << 22))
        wait_until(lambda: service.received and len(service.received[0].data) == 1 << 22)

        assert running.acceptor.buffered == kept == 0


def test_requests_sent_ahead_without_end_are_held_back_not_kept(service: RecordingService) -> None:
    gate = asyncio.Event()

    async def wait(*_: object) -> None:
        await gate.wait()

    service.answering = wait
    with accepting(service) as running, RawAssociation(running.port, timeout=0.5) as requestor:
        requestor.associate()
        one = p_data(1, 3, c_store_rq()) + p_data(1, 2, bytes(100_000))
        with pytest.raises(TimeoutError):
            requestor.send(one * 1000)

        assert len(service.received) == 1
        assert 0 < running.acceptor.buffered <= 262_144
        running.loop.call_soon_threadsafe(gate.set)


def test_200_malformed_associations_exhaust_nothing(service: RecordingService) -> None:
    with accepting(service, max_associations=4, max_pending=8) as running, ExitStack() as stack:
        for _ in range(200):
            requestor = stack.enter_context(RawAssociation(running.port))
            requestor.send(b"\x04\0\0\0\0\x04\0\0\0\xff")

        with RawAssociation(running.port) as good:
            good.associate()
            assert good.store(b"data").status == 0


def test_an_abort_is_not_repeated_without_end(service: RecordingService) -> None:
    with (
        accepting(service, artim_timeout=1) as running,
        RawAssociation(running.port) as requestor,
    ):
        requestor.send(pdu(1, b"\0\1") * 1000)

        assert requestor.read()[0] == 3
        assert requestor.read()[0] == 7
        assert requestor.closed()


def test_who_keeps_too_much_input_gives_up_and_nobody_else(service: RecordingService) -> None:
    with accepting(service, max_buffered=1 << 20) as running, ExitStack() as stack:
        good, *greedy = [stack.enter_context(RawAssociation(running.port)) for _ in range(9)]
        good.associate()
        for each in greedy:
            each.send(struct.pack(">BxI", 1, 262_144), bytes(262_000))
        sockets = [each.socket for each in greedy]
        wait_until(lambda: len(select(sockets, [], [], 0)[0]) == 4, description="four that gave up")

        halves = p_data(1, 3, c_store_rq()) + p_data(1, 2, b"data")
        good.send(halves[:3])
        late = stack.enter_context(RawAssociation(running.port))
        request = Asking().encode()
        late.send(request[:100])
        late.send(request[100:])
        good.send(halves[3:])

        assert late.read()[0] == 2
        assert good.answer().status == 0
        assert running.acceptor.buffered == 4 * 262_000
        for told in select(sockets, [], [], 0)[0]:
            assert abort_of(RawAssociation.over(told)) == (USER, 0)
