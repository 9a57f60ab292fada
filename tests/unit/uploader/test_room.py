"""How large a request may be."""

from uploader.outcome import Outcome, Verdict
from uploader.room import MEMORY, Room

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
