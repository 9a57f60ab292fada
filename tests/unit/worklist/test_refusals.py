"""What a server calls wrong is remembered for a while, and of no other search."""

from worklist.refusals import AGAIN, MOST_REMEMBERED, REMEMBERED, Refusals
from worklist.search import PLAIN, WHOLE, Search

DAY = "20260314000000-20260314235959"


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def search(patient: str = "P1", state: str = "SCHEDULED", start: str = DAY, *more: str) -> Search:
    fixed = (("00741000", state), ("00404005", start))
    return Search(fixed, (("00100020", patient),), ("00100010", *more))


def test_what_is_refused_twice_in_a_row_is_hopeless_for_a_while() -> None:
    time = Time()
    refusals = Refusals(time)

    refusals.refuse(search())
    assert not refusals.hopeless(search())
    refusals.refuse(search())
    assert refusals.hopeless(search())

    time.now = AGAIN
    assert not refusals.hopeless(search())
    refusals.refuse(search())
    assert refusals.hopeless(search())


def test_what_is_taken_is_hopeless_no_more() -> None:
    refusals = Refusals(Time())
    refusals.refuse(search())
    refusals.settle(search(), PLAIN)
    refusals.refuse(search())

    assert not refusals.hopeless(search())


def test_it_is_the_same_search_on_another_day_and_for_another_patient() -> None:
    refusals = Refusals(Time())
    for _ in range(2):
        refusals.refuse(search())

    assert refusals.hopeless(search("P2", start="20260315000000-20260316235959"))
    assert not refusals.hopeless(search(state="IN PROGRESS"))
    assert not refusals.hopeless(search(start="20260314000000-"))
    assert not refusals.hopeless(search("P1", "SCHEDULED", DAY, "00091010"))


def test_a_plain_search_that_is_no_longer_taken_leaves_the_rest_as_it_was() -> None:
    time = Time()
    refusals = Refusals(time)
    for _ in range(2):
        refusals.settle(search(), PLAIN)
    for _ in range(2):
        refusals.refuse(search())
    assert (refusals.level(search()), refusals.hopeless(search())) == (PLAIN, True)

    time.now = REMEMBERED
    assert refusals.level(search()) == WHOLE


def test_no_more_searches_are_remembered_than_there_is_room_for() -> None:
    refusals = Refusals(Time())
    others = [search("P1", "SCHEDULED", DAY, f"0009{number:04X}") for number in range(500)]
    for each in others:
        refusals.refuse(each)
        refusals.refuse(each)

    assert sum(map(refusals.hopeless, others)) == MOST_REMEMBERED
    assert refusals.hopeless(others[-1])
