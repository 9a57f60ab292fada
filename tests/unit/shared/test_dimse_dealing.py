"""Who gets a connection, and that none is lost on its way from one process to another."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from shared.dimse.acceptor import Acceptor
from shared.dimse.dealing import SILENT, Seat, Table
from shared.dimse.listener import PLAIN, TLS
from shared.sections import Receive
from tests.support.raw_association import Asking


def seated(count: int) -> tuple[Table, list[Seat]]:
    table = Table(count)
    seats = [Seat(table, number) for number in range(count)]
    for each in seats:
        each.sit()
    return table, seats


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    """What a process has accepted, and its peer."""
    return socket.socketpair()


def test_a_connection_goes_to_who_has_fewest(pair: tuple[socket.socket, socket.socket]) -> None:
    _, (one, two, three) = seated(3)
    accepted, peer = pair
    one.has(3)
    two.has(2)
    three.has(1)

    assert one.hand_on(accepted.fileno(), TLS)
    accepted.close()

    assert not [*one.take(), *two.take()]
    [(listener, connection)] = three.take()
    assert listener == TLS
    connection.send(b"here")
    assert peer.recv(9) == b"here"


@pytest.mark.parametrize("others", [2, 3])
def test_who_has_no_more_than_the_others_keeps_it(
    others: int, pair: tuple[socket.socket, socket.socket]
) -> None:
    _, (one, two) = seated(2)
    one.has(2)
    two.has(others)

    assert not one.hand_on(pair[0].fileno(), PLAIN)
    assert not [*two.take()]


def test_what_is_on_its_way_counts(pair: tuple[socket.socket, socket.socket]) -> None:
    _, (one, two) = seated(2)
    one.has(2)
    given = [one.hand_on(pair[0].fileno(), PLAIN) for _ in range(3)]

    assert given == [True, True, False]
    assert len([*two.take()]) == 2
    two.has(1)  # the other one has ended meanwhile
    assert one.hand_on(pair[0].fileno(), PLAIN)


def _rises(table: Table, other: Seat) -> None:
    del table
    other.rise()
    other.has(0)


def _died(table: Table, other: Seat) -> None:
    del other
    table.vacate(1)


@pytest.mark.parametrize("leaves", [_rises, _died])
def test_nothing_is_handed_to_who_has_gone(
    leaves: Callable[[Table, Seat], None], pair: tuple[socket.socket, socket.socket]
) -> None:
    table, (one, two) = seated(2)
    one.has(5)
    leaves(table, two)

    assert not one.hand_on(pair[0].fileno(), PLAIN)


def test_who_ends_hands_nothing_on(pair: tuple[socket.socket, socket.socket]) -> None:
    _, (one, _) = seated(2)
    one.has(5)
    one.rise()

    assert not one.hand_on(pair[0].fileno(), PLAIN)


def test_a_successor_takes_what_the_dead_was_handed(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    table, (one, two) = seated(2)
    two.has(1)
    one.has(3)
    assert one.hand_on(pair[0].fileno(), PLAIN)
    table.vacate(1)

    successor = Seat(table, 1)
    successor.sit()

    assert len([*successor.take()]) == 1
    one.has(1)
    assert one.hand_on(pair[0].fileno(), PLAIN)


def test_one_that_takes_nothing_is_not_buried(pair: tuple[socket.socket, socket.socket]) -> None:
    _, (one, two) = seated(2)
    one.has(10_000)
    given = 0
    while one.hand_on(pair[0].fileno(), PLAIN):
        given += 1
        assert given < 10_000

    taken = [*two.take()]
    assert len(taken) == given > 0
    for _, connection in taken:
        connection.close()


def beating(*seats: Seat) -> None:
    for _ in range(SILENT):
        for each in seats:
            each.beat()


def test_nothing_is_handed_to_one_that_hangs(pair: tuple[socket.socket, socket.socket]) -> None:
    _, (one, two, three) = seated(3)
    one.has(3)
    three.has(1)
    beating(one, two, three)
    beating(one, three)  # two has fewest
    one.beat()

    assert one.silent == {1}
    assert one.hand_on(pair[0].fileno(), PLAIN)
    assert [*three.take()]
    assert not [*two.take()]


def test_it_is_again_once_it_turns(pair: tuple[socket.socket, socket.socket]) -> None:
    _, (one, two) = seated(2)
    one.has(1)
    beating(one, two)
    beating(one)
    one.beat()
    assert one.silent
    assert not one.hand_on(pair[0].fileno(), PLAIN)

    two.beat()
    one.beat()
    assert not one.silent
    assert one.hand_on(pair[0].fileno(), PLAIN)


def test_who_takes_no_part_does_not_hang() -> None:
    table, (one, two) = seated(2)
    beating(one, two)
    two.rise()
    beating(one)
    one.beat()
    assert not one.silent

    late = Seat(table, 1)  # another process in its place
    late.sit()
    beating(one)
    assert not one.silent
    one.beat()
    assert one.silent == {1}


def test_an_acceptor_is_not_ready_beside_one_that_hangs() -> None:
    async def checked() -> tuple[str | None, str | None]:
        table = Table(2)
        Seat(table, 1).sit()
        acceptor = Acceptor([], Receive(host="127.0.0.1", port=0), host="127.0.0.1", port=0)
        acceptor.seat = Seat(table, 0)
        await acceptor.start()
        before = acceptor.check()
        beating(acceptor.seat, acceptor.seat)
        after = acceptor.check()
        await acceptor.close()
        return before, after

    assert asyncio.run(checked()) == (None, "1 of its processes do not answer")


class _Counting(Seat):
    def __init__(self, table: Table, number: int) -> None:
        super().__init__(table, number)
        self.told: list[int] = []

    def has(self, connections: int) -> None:
        super().has(connections)
        self.told.append(connections)


def test_one_that_was_handed_on_counts_once() -> None:
    """Twice for a moment, and another process would take the next one for too many."""

    async def told() -> list[int]:
        table, (other, _) = seated(2)
        other.has(9)
        acceptor = Acceptor([], Receive(host="127.0.0.1", port=0), host="127.0.0.1", port=0)
        acceptor.seat = seat = _Counting(table, 1)
        await acceptor.start()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            peers = [socket.create_connection(listening.getsockname()) for _ in range(3)]
            for each in peers:
                accepted, _ = listening.accept()
                assert other.hand_on(accepted.fileno(), PLAIN)
                accepted.close()
                each.setblocking(False)
                each.sendall(Asking().encode())
                assert await asyncio.get_running_loop().sock_recv(each, 1) == b"\2"
        await acceptor.close()
        for each in peers:
            each.close()
        return seat.told

    counts = asyncio.run(told())
    assert max(counts) == 3
    assert counts[-1] == 0
