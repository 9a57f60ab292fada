"""Draining ends associations as they would end themselves: what is on its way is waited for."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.acceptor import RecordingService, Running, accepting
from tests.support.raw_association import Asking, RawAssociation, pdu
from tests.support.waiting import wait_until

REJECT, RELEASE_RQ, RELEASE_RP = 3, 5, 6
A_MOMENT = 0.3  # seconds: some rounds of a drain


@pytest.fixture
def running() -> Iterator[Running]:
    with accepting(RecordingService()) as running:
        yield running


def stays_open(requestor: RawAssociation) -> bool:
    with pytest.raises(TimeoutError):
        requestor.within(A_MOMENT).socket.recv(1)
    requestor.within(10)
    return True


def test_the_answer_to_our_request_to_release_is_waited_for(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        drained = running.drain(grace=20)
        assert requestor.read()[0] == RELEASE_RQ

        assert stays_open(requestor)
        requestor.send(pdu(RELEASE_RP, bytes(4)))
        assert requestor.closed()
        drained.result(10)


def test_an_answer_that_never_comes_is_waited_for_as_long_as_all_else(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()

        running.drain(grace=3).result(10)

        assert requestor.read()[0] == RELEASE_RQ
        assert requestor.closed()


def test_who_has_just_released_may_read_our_answer(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        requestor.associate()
        requestor.send(pdu(RELEASE_RQ, bytes(4)))
        running.drain(grace=20)

        assert requestor.read()[0] == RELEASE_RP
        assert stays_open(requestor)


def test_who_has_just_connected_is_refused_and_not_cut_off(running: Running) -> None:
    with RawAssociation(running.port) as requestor:
        running.drain(grace=20)
        wait_until(lambda: running.acceptor.draining)
        requestor.send(Asking().encode())

        assert requestor.read() == (REJECT, bytes((0, 2, 3, 1)))


def test_connections_without_an_association_do_not_hold_up_the_end(running: Running) -> None:
    silent = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(3)]

    running.drain(grace=1000).result(10)

    for each in silent:
        each.close()
