"""Slots, holds and probes of a destination."""

from typing import Any

import pytest

from shared.broker import connect
from shared.destination import Destination
from shared.entry import Entry, name_of
from shared.errors import Busy, Denied, DestinationFault, Unavailable
from shared.index import Index
from shared.sections import Upload
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from uploader.turns import Lead, State, Turns

ANYWHERE = "http://127.0.0.1:9/studies"
DOWN = Unavailable("refuses connections")


def cloud(parallelism: int = 10) -> Destination:
    return destination(ANYWHERE, parallelism=parallelism)


def turns_of(redis: RedisServer, *, several: bool = False, **upload: Any) -> Turns:
    settings = {"retry_base": 0.05, "retry_cap": 0.2, "lease": 5.0, "workers": 4, **upload}
    return Turns(connect(redis.settings), Upload(**settings), several=several)


@pytest.fixture
def turns(redis: RedisServer) -> Turns:
    return turns_of(redis)


@pytest.fixture
def index(redis: RedisServer) -> Index:
    return Index(connect(redis.settings))


def add(index: Index, count: int = 1) -> None:
    index.add(
        Entry.at(f"cloud/routine/2026112400/{name_of(number, 7, 10)}.dcm")
        for number in range(count)
    )


def states(turns: Turns, count: int, to: Destination) -> list[State]:
    return [turns.begin(to).state for _ in range(count)]


def fail(turns: Turns, to: Destination, fault: DestinationFault = DOWN) -> float:
    return turns.fault(turns.begin(to), fault).seconds


def test_no_more_ticks_run_at_once_than_the_destination_bears(turns: Turns) -> None:
    assert states(turns, 3, cloud(2)) == [State.OPEN, State.OPEN, State.FULL]


def test_a_slot_that_is_left_is_free(turns: Turns) -> None:
    first = turns.begin(cloud(1))
    turns.finish(first)

    assert turns.begin(cloud(1)).granted


def test_the_slot_of_a_dead_worker_is_free_when_its_lease_ends(redis: RedisServer) -> None:
    turns = turns_of(redis, lease=0.05)
    turns.begin(cloud(1))

    wait_until(lambda: turns.begin(cloud(1)).granted, 5, "the slot is free")


def test_with_several_destinations_one_worker_is_left_for_the_others(redis: RedisServer) -> None:
    turns = turns_of(redis, several=True)

    assert states(turns, 4, cloud()) == [State.OPEN] * 3 + [State.FULL]


def test_the_workers_of_all_uploaders_count(redis: RedisServer) -> None:
    turns = turns_of(redis, several=True, workers=2)
    turns.present("here")
    turns.present("there")

    assert states(turns, 4, cloud()) == [State.OPEN] * 3 + [State.FULL]


def test_a_single_worker_serves_several_destinations_in_turn(redis: RedisServer) -> None:
    turns = turns_of(redis, several=True, workers=1)

    assert turns.begin(cloud()).granted


def test_a_full_batch_calls_for_another_tick_once(turns: Turns) -> None:
    turns.begin(cloud())

    assert turns.spawn(cloud())
    assert not turns.spawn(cloud())


def test_no_tick_is_called_for_where_no_slot_is_free(turns: Turns) -> None:
    turns.begin(cloud(1))

    assert not turns.spawn(cloud(1))


def test_what_is_added_while_a_tick_ends_makes_a_second_tick(turns: Turns, index: Index) -> None:
    turn = turns.begin(cloud())
    assert not index.claim("cloud", most=64, max_bytes=10**9, lease=5).claims

    add(index)  # after "nothing there", before the end

    assert turns.finish(turn) == {"cloud": False}


def test_what_is_added_after_the_end_makes_a_tick(turns: Turns, index: Index) -> None:
    turns.finish(turns.begin(cloud()))

    index.add([])
    added = index.add([Entry.at(f"cloud/routine/2026112400/{name_of(1, 7, 10)}.dcm")])

    assert added.wanted == {"cloud": False}


def test_a_tick_that_found_no_slot_loses_no_wake_up(turns: Turns, index: Index) -> None:
    running = turns.begin(cloud(1))
    add(index)
    turns.begin(cloud(1))  # refused

    assert turns.finish(running) == {"cloud": False}


def test_a_batch_gathers_while_a_request_is_under_way(turns: Turns, index: Index) -> None:
    turns.begin(cloud())

    few = index.add(
        Entry.at(f"cloud/routine/2026112400/{name_of(n, 7, 10)}.dcm") for n in range(63)
    )
    full = index.add([Entry.at(f"cloud/routine/2026112400/{name_of(99, 7, 10)}.dcm")])

    assert few.wanted == {}
    assert full.wanted == {"cloud": False}


def test_a_fault_holds_the_destination_and_then_lets_one_probe_through(
    turns: Turns, index: Index
) -> None:
    add(index)
    turns.fault(turns.begin(cloud()), Unavailable("down", retry_after=0.5))

    assert turns.begin(cloud()).state is State.HELD
    assert index.wanted(["cloud"], wake=1) == {}
    assert not index.claim("cloud", most=1, max_bytes=1, lease=1).claims
    # Not by the time that is left: in the last millisecond it is 0 and the hold still there.
    wait_until(lambda: index.wanted(["cloud"], wake=1) == {"cloud": False}, 5, "the hold ends")
    assert states(turns, 2, cloud()) == [State.PROBING, State.PROBED]


def test_a_probe_that_goes_well_opens_the_destination(turns: Turns) -> None:
    fail(turns, cloud(), Unavailable("down", retry_after=0.01))
    wait_until(lambda: (probe := turns.begin(cloud())).granted and _went_well(turns, probe), 5)

    assert states(turns, 2, cloud()) == [State.OPEN, State.OPEN]


def _went_well(turns: Turns, probe: Any) -> bool:
    assert probe.probing
    assert turns.success(probe, stored=1, duplicates=0)  # it had failed before
    turns.finish(probe)
    return True


def test_the_back_off_grows_with_each_probe_that_fails(turns: Turns, index: Index) -> None:
    waits = []
    for _ in range(6):
        wait_until(lambda: not index.counts("cloud").held_for, 5, "the hold ends")
        waits.append(fail(turns, cloud()))

    assert index.counts("cloud").faults == 6
    assert all(wait <= min(0.2, 0.05 * 2**n) for n, wait in enumerate(waits))


def test_ticks_under_way_when_a_hold_begins_do_not_lengthen_it(turns: Turns) -> None:
    first, second = turns.begin(cloud()), turns.begin(cloud())

    assert turns.fault(first, Unavailable("down", retry_after=9)).begun
    hold = turns.fault(second, DOWN)

    assert not hold.begun
    assert hold.faults == 1


def test_retry_after_decides_and_the_longest_counts(turns: Turns, index: Index) -> None:
    first, second = turns.begin(cloud()), turns.begin(cloud())
    turns.fault(first, Unavailable("down", retry_after=5))
    turns.fault(second, Unavailable("down", retry_after=30))

    assert 29 < index.counts("cloud").held_for <= 30
    assert index.counts("cloud").held_because == "down"


def test_a_busy_destination_gets_half_and_then_more_again(redis: RedisServer) -> None:
    turns = turns_of(redis)
    begun = [turns.begin(cloud()) for _ in range(8)]
    turns.fault(begun[0], Busy("asks us to slow down (429)", retry_after=0.01))
    for each in begun:
        turns.finish(each)
    wait_until(lambda: (probe := turns.begin(cloud())).granted and _went_well(turns, probe), 5)

    assert states(turns, 5, cloud()) == [State.OPEN] * 4 + [State.FULL]


def test_a_denied_destination_keeps_its_parallelism(turns: Turns) -> None:
    begun = [turns.begin(cloud()) for _ in range(4)]
    turns.fault(begun[0], Denied("does not accept our credentials (401)", retry_after=0.01))
    for each in begun:
        turns.finish(each)
    wait_until(lambda: (probe := turns.begin(cloud())).granted and _went_well(turns, probe), 5)

    assert states(turns, 4, cloud()) == [State.OPEN] * 4


def test_one_dispatcher_leads_and_another_takes_over(redis: RedisServer) -> None:
    turns = turns_of(redis)

    assert turns.lead("a", ["cloud"]) is Lead.NEWLY
    assert turns.lead("a", ["cloud"]) is Lead.STILL
    assert turns.lead("b", ["cloud"]) is Lead.NO
    redis.client.delete("dcm:leader:cloud")
    assert turns.lead("b", ["cloud"]) is Lead.NEWLY
    assert turns.lead("a", ["cloud"]) is Lead.NO
