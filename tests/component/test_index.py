"""The index in Redis: what waits, what is leased, in which order it goes."""

import time
from collections.abc import Iterable

import pytest

from shared.broker import connect
from shared.entry import Entry, name_of
from shared.index import Batch, Index, Mark
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

CLOUD = "cloud"
SECOND = 1_000_000_000  # ns
BEGAN = int(time.time()) - 1800  # seconds since 1970
LONG, SHORT = 60.0, 0.05  # seconds of a lease


@pytest.fixture
def index(redis: RedisServer) -> Index:
    return Index(connect(redis.settings))


def entry(number: int, *, urgent: bool = False, size: int = 100, to: str = CLOUD) -> Entry:
    """The instance received that many seconds after half an hour ago, the same each time."""
    received = (BEGAN + number) * SECOND
    priority = "urgent" if urgent else "routine"
    return Entry.at(f"{to}/{priority}/2026112400/{name_of(received, 7, size)}.dcm")


def claim(
    index: Index,
    most: int = 64,
    *,
    max_bytes: int = 10**9,
    lease: float = LONG,
    probe: bool = False,
) -> Batch:
    return index.claim(CLOUD, most=most, max_bytes=max_bytes, lease=lease, probing=probe)


def entries(batch: Batch) -> list[Entry]:
    return [each.entry for each in batch.claims]


def numbers(count: int) -> list[Entry]:
    return [entry(number) for number in range(count)]


def test_first_come_first_served_however_they_were_announced(index: Index) -> None:
    kept = numbers(10)
    index.add(reversed(kept))

    assert entries(claim(index, 4)) == kept[:4]
    assert entries(claim(index, 64)) == kept[4:]
    assert not claim(index).claims


def test_what_is_urgent_goes_first_and_by_itself(index: Index) -> None:
    index.add([*numbers(5), entry(99, urgent=True)])

    assert entries(claim(index)) == [entry(99, urgent=True)]
    assert len(claim(index).claims) == 5


def test_a_claim_takes_as_many_bytes_as_it_may_and_at_least_one_instance(index: Index) -> None:
    index.add([entry(0, size=500), entry(1, size=60), entry(2, size=40), entry(3, size=10)])

    first, second = claim(index, max_bytes=100), claim(index, max_bytes=100)

    assert [each.size for each in entries(first)] == [500]
    assert [each.size for each in entries(second)] == [60, 40]
    assert first.full
    assert second.full
    assert not claim(index, max_bytes=100).full


def test_what_is_known_is_not_added_again_neither_waiting_nor_leased(index: Index) -> None:
    kept = numbers(3)
    assert index.add(kept).number == 3
    claim(index, 1)

    assert index.add(kept).number == 0
    assert index.counts(CLOUD).waiting == 2
    assert index.counts(CLOUD).leased == 1


def test_more_than_a_call_holds_is_added_in_pieces(index: Index) -> None:
    assert index.add(numbers(1203)).number == 1203
    assert index.counts(CLOUD).routine == 1203


def test_destinations_do_not_mix(index: Index) -> None:
    index.add([entry(0), entry(1, to="research")])

    assert entries(claim(index)) == [entry(0)]
    assert index.counts("research").waiting == 1


def test_an_ack_forgets_the_instance_wherever_it_is(index: Index) -> None:
    kept = numbers(2)
    index.add(kept)
    claim(index, 1)

    index.ack(CLOUD, kept)

    counts = index.counts(CLOUD)
    assert (counts.waiting, counts.leased) == (0, 0)


def test_a_nack_puts_it_back_where_it_was(index: Index) -> None:
    kept = numbers(4)
    index.add(kept)
    claim(index, 2)

    index.nack(CLOUD, kept[:2])

    assert entries(claim(index)) == kept


def test_a_nack_with_a_delay_puts_it_off(index: Index) -> None:
    index.add(numbers(1))
    claim(index)

    index.nack(CLOUD, numbers(1), delay=0.2)

    assert not claim(index).claims
    wait_until(lambda: claim(index).claims, 5, "it is due again")


def test_attempts_and_marks_are_remembered_until_the_ack(index: Index) -> None:
    [kept] = numbers(1)
    index.add([kept])
    for expected in range(3):
        [claimed] = claim(index).claims
        assert claimed.attempts == expected
        index.nack(CLOUD, [kept], mark=Mark.ATTEMPT)
    claim(index)
    index.nack(CLOUD, [kept], mark=Mark.ALONE | Mark.DOUBTFUL)

    [claimed] = claim(index).claims
    assert (claimed.attempts, claimed.alone, claimed.doubtful) == (3, True, True)
    index.ack(CLOUD, [kept])
    index.add([kept])
    [claimed] = claim(index).claims
    assert (claimed.attempts, claimed.alone, claimed.doubtful) == (0, False, False)


def test_a_lease_that_ended_gives_the_batch_back_doubtful(index: Index) -> None:
    index.add(numbers(3))
    claim(index, 2, lease=SHORT)

    wait_until(lambda: index.reap(CLOUD), 5, "the lease has ended")

    claimed = claim(index).claims
    assert [each.entry for each in claimed] == numbers(3)
    assert [each.doubtful for each in claimed] == [True, True, False]


def test_a_lease_that_has_not_ended_is_left(index: Index) -> None:
    index.add(numbers(2))
    claim(index)

    assert index.reap(CLOUD) == 0


def test_a_lease_that_is_renewed_does_not_end(index: Index) -> None:
    index.add(numbers(2))
    claim(index, lease=SHORT)

    index.renew(CLOUD, "tick", numbers(2), lease=LONG)
    time.sleep(2 * SHORT)  # the one wait that must be sat out

    assert index.reap(CLOUD) == 0


def test_what_was_settled_is_not_brought_back_by_a_late_renewal(index: Index) -> None:
    index.add(numbers(1))
    claim(index)
    index.ack(CLOUD, numbers(1))

    index.renew(CLOUD, "tick", numbers(1), lease=LONG)

    assert index.counts(CLOUD).leased == 0


def test_a_receiver_whose_clock_is_fast_makes_nothing_wait(index: Index) -> None:
    tomorrow = entry(86_400)
    index.add([tomorrow])

    assert entries(claim(index)) == [tomorrow]


def test_the_first_to_be_added_wants_one_tick_and_those_after_it_none(index: Index) -> None:
    assert index.add([entry(0)]).wanted == {CLOUD: False}
    assert index.add([entry(1)]).wanted == {}
    assert index.add([entry(1)]).wanted == {}


def test_a_scan_wakes_nobody(index: Index) -> None:
    assert index.add([entry(0)], wake=False).wanted == {}
    assert index.wanted([CLOUD, "research"], wake=3.0) == {CLOUD: False}
    assert index.wanted([CLOUD], wake=3.0) == {}


def test_an_urgent_instance_wants_its_tick_ahead_of_others(index: Index) -> None:
    assert index.add([entry(0, urgent=True)]).wanted == {CLOUD: True}


def test_a_lost_tick_is_made_up_for(index: Index) -> None:
    index.add([entry(0)], wake=False)
    assert index.wanted([CLOUD], wake=0.05) == {CLOUD: False}

    wait_until(lambda: index.wanted([CLOUD], wake=3.0), 5, "wanted again")


def test_what_is_no_path_of_ours_leads_nowhere(index: Index, redis: RedisServer) -> None:
    index.add([entry(0)])
    intruders: Iterable[str] = ("../../etc/passwd|5", "cloud/routine/x", "")
    redis.client.zadd("dcm:{cloud}:routine", dict.fromkeys(intruders, 0.0))

    assert entries(claim(index)) == [entry(0)]
    assert index.counts(CLOUD).leased == 1


def test_a_probe_takes_the_least_suspect(index: Index) -> None:
    kept = numbers(3)
    index.add(kept)
    index.suspect(CLOUD, kept[0])
    index.suspect(CLOUD, kept[2])

    assert entries(claim(index, 1, probe=True)) == [kept[1]]


def test_an_outage_makes_nothing_more_suspect(index: Index) -> None:
    [kept] = numbers(1)

    found = [index.suspect(CLOUD, kept) for _ in range(3)]
    index.count(CLOUD, "stored")  # another instance was stored
    found.append(index.suspect(CLOUD, kept))

    assert found == [(1, 1), (1, 2), (1, 3), (2, 4)]


def test_after_a_loss_what_is_there_already_is_doubtful_and_what_comes_is_not(index: Index) -> None:
    old = entry(0)
    index.doubt(CLOUD)
    new = entry(24 * 3600)
    index.add([old, new])

    assert [each.doubtful for each in claim(index).claims] == [True, False]


def test_the_epoch_is_new_once_and_after_each_loss(index: Index, redis: RedisServer) -> None:
    first, began = index.epoch()
    assert began
    assert index.epoch() == (first, False)

    redis.flush()

    second, began = index.epoch()
    assert began
    assert second != first


def test_counts_tell_how_a_destination_fares(index: Index) -> None:
    first = entry(1, urgent=True)
    index.add([entry(3), entry(2), first])
    claim(index, 1)
    index.count(CLOUD, "quarantined")

    counts = index.counts(CLOUD)

    assert (counts.urgent, counts.routine, counts.leased) == (0, 2, 1)
    assert counts.oldest == first.received
    assert counts.totals == {"quarantined": 1}
    assert (counts.held_for, counts.faults, counts.running) == (0, 0, 0)
