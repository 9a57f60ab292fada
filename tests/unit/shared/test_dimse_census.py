"""Counting connections and associations."""

import asyncio
from typing import Any

import pytest

from shared.dimse.census import Census
from shared.dimse.rejection import LOCAL_LIMIT_EXCEEDED
from shared.dimse.service import Peer
from shared.sections import Receive


class Connected:
    """A connection that only knows whether it was dropped, or had to give up."""

    def __init__(self, counting: Census | None = None) -> None:
        self.dropped = False
        self.given_up = False
        self._census = counting

    def give_up(self) -> None:
        self.given_up = True
        if self._census:
            self._census.keeps(self, 0)

    def drop(self, how: str = "") -> None:
        del how
        self.dropped = True

    def sweep(self, now: float) -> None:
        raise NotImplementedError

    def drain(self, quiet: float) -> None:
        raise NotImplementedError


def peer(calling: str = "CT", address: str = "10.0.0.1") -> Peer:
    return Peer("a1", calling, "US", address, 1)


def census(**limits: Any) -> Census:
    return Census(Receive(**limits))


def associate(census: Census, who: Peer) -> Connected:
    connected = Connected()
    census.arrive(connected)
    census.join(connected, who)
    return connected


@pytest.mark.parametrize(
    ("limit", "other", "refused"),
    [
        ("max_associations", peer("MR", "10.0.0.2"), True),
        ("max_associations_per_ae", peer("CT", "10.0.0.2"), True),
        ("max_associations_per_ae", peer("MR", "10.0.0.1"), False),
        ("max_associations_per_address", peer("MR", "10.0.0.1"), True),
        ("max_associations_per_address", peer("CT", "10.0.0.2"), False),
    ],
)
def test_each_limit_counts_what_it_says(limit: str, other: Peer, *, refused: bool) -> None:
    counting = census(**{limit: 1})
    assert counting.room_for(peer()) is None
    first = associate(counting, peer())

    assert counting.room_for(other) == (LOCAL_LIMIT_EXCEEDED if refused else None)
    counting.part(first)
    assert counting.room_for(other) is None


def test_the_oldest_connection_without_an_association_makes_room_once() -> None:
    counting = census(max_pending=2)
    arrived = [Connected() for _ in range(4)]
    for each in arrived:
        counting.arrive(each)

    assert [each.dropped for each in arrived] == [True, True, False, False]


def test_associations_are_not_dropped_for_connections() -> None:
    counting = census(max_pending=1)
    associated = associate(counting, peer())
    for _ in range(5):
        counting.arrive(Connected())

    assert not associated.dropped


def test_a_connection_that_leaves_makes_nobody_else_leave() -> None:
    counting = census(max_pending=1)
    associated = associate(counting, peer())
    waiting = Connected()
    counting.arrive(waiting)

    counting.leave(associated)

    assert not waiting.dropped
    assert counting.members() == [waiting]


def keeping(counting: Census, *lengths: int, who: Peer | None = None) -> list[Connected]:
    """Connections that keep so many bytes each."""
    members = []
    for length in lengths:
        member = Connected(counting)
        counting.arrive(member)
        if who:
            counting.join(member, who)
        members.append(member)
        counting.keeps(member, length)
    return members


def test_input_is_counted_up_to_its_limit() -> None:
    counting = census(max_buffered=1 << 20)

    [first, second] = keeping(counting, 1 << 19, 1 << 19)
    assert counting.buffered == 1 << 20
    counting.keeps(first, 0)
    assert counting.buffered == 1 << 19
    assert not first.given_up
    assert not second.given_up


def test_who_keeps_the_most_gives_up_not_who_asks_for_a_little() -> None:
    counting = census(max_buffered=1 << 20)
    small, large, middle, asking = keeping(counting, 1 << 10, 1 << 19, 1 << 18, 1 << 19)

    assert [each.given_up for each in (small, large, middle, asking)] == [False, True, False, False]
    assert counting.buffered == (1 << 10) + (1 << 18) + (1 << 19)


@pytest.mark.parametrize("associated", [True, False])
def test_who_has_an_association_pays_for_nobody_without_one(*, associated: bool) -> None:
    counting = census(max_buffered=1 << 20)
    [modality] = keeping(counting, 400_000, who=peer())
    others = keeping(counting, 300_000, 300_000, 200_000, who=peer() if associated else None)

    assert modality.given_up is associated
    assert sum(each.given_up for each in others) == (not associated)


def test_names_are_forgotten_with_their_associations() -> None:
    counting = census()
    for number in range(100):
        counting.leave(associate(counting, peer(f"CT{number}")))

    assert not counting.members()
    assert not counting.names


def test_who_waits_for_the_last_to_leave_is_told() -> None:
    counting = census()
    last = associate(counting, peer())

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(counting.leave, last)
        await counting.deserted()
        await counting.deserted()

    asyncio.run(wait())
