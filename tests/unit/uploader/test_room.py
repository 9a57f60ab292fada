"""How large a request may be."""

from uploader.outcome import Outcome, Verdict
from uploader.room import FEW, MEMORY, QUICK, SLOW, Number, Room

TOO_LARGE = Outcome(Verdict.TOO_LARGE, 413)
REFUSED = Outcome(Verdict.RETRYABLE, 400)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_request_refused_for_its_size_makes_the_next_ones_smaller() -> None:
    room = Room(64_000, Clock())

    room.learn(48_000, TOO_LARGE)

    assert room.bytes == 24_000


def test_a_request_refused_for_anything_else_does_not() -> None:
    room = Room(64_000, Clock())

    room.learn(48_000, REFUSED)

    assert room.bytes == 64_000


def test_one_instance_that_is_refused_for_its_size_does_not_make_all_requests_small() -> None:
    room = Room(64_000, Clock())
    room.taken(60_000)

    room.learn(48_000, TOO_LARGE)

    assert room.bytes == 64_000


def test_after_a_while_the_configured_size_is_tried_again() -> None:
    clock = Clock()
    room = Room(64_000, clock)
    room.learn(48_000, TOO_LARGE)

    clock.now = MEMORY

    assert room.bytes == 64_000


def test_there_is_always_room_for_something() -> None:
    room = Room(64_000, Clock())

    room.learn(1, TOO_LARGE)

    assert room.bytes == 1


def test_requests_grow_as_long_as_full_ones_are_answered_soon() -> None:
    number = Number(200)
    sizes = []

    for _ in range(3):
        sizes.append(number.instances)
        number.answered(number.instances, QUICK / 2)

    assert [*sizes, number.instances] == [FEW, 2 * FEW, 200, 200]


def test_requests_that_were_not_full_say_nothing_of_larger_ones() -> None:
    number = Number(256)

    number.answered(FEW - 1, QUICK / 2)

    assert number.instances == FEW


def test_requests_to_a_server_that_takes_its_time_stay_small() -> None:
    number = Number(256)
    number.answered(FEW, QUICK / 2)

    number.answered(2 * FEW, QUICK)
    before = number.instances
    number.answered(2 * FEW, SLOW + 1)
    number.answered(FEW, SLOW + 1)

    assert (before, number.instances) == (2 * FEW, FEW)


def test_after_a_request_that_broke_off_they_are_small_for_a_while() -> None:
    clock = Clock()
    number = Number(256, clock)
    number.answered(FEW, QUICK / 2)

    number.failed()
    number.answered(FEW, QUICK / 2)
    soon = number.instances
    clock.now = MEMORY
    number.answered(FEW, QUICK / 2)

    assert (soon, number.instances) == (FEW, 2 * FEW)


def test_fewer_than_that_are_sent_where_a_site_says_so() -> None:
    number = Number(10)

    number.answered(10, QUICK / 2)
    number.failed()

    assert number.instances == 10
