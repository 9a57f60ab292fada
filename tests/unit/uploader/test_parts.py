"""How a batch is divided into requests."""

from shared.entry import Entry, name_of
from shared.index import Claim, Mark
from uploader.parts import Kind, Part, parts


def claims(count: int, *, alone: bool = False, doubtful: bool = False) -> list[Claim]:
    return [
        Claim(
            Entry.at(f"cloud/routine/2026112400/{name_of(number, 7, 10)}.dcm"),
            alone=alone,
            doubtful=doubtful,
        )
        for number in range(count)
    ]


def test_what_has_no_history_goes_in_one_request() -> None:
    [part] = parts(claims(64))

    assert len(part.claims) == 64
    assert not part.doubtful


def test_what_may_be_stored_already_goes_apart() -> None:
    fresh, doubtful = claims(3), claims(2, doubtful=True)

    first, second = parts([*doubtful, *fresh])

    assert first.claims == fresh
    assert second.claims == doubtful
    assert second.doubtful


def test_what_goes_to_different_places_goes_apart_in_the_order_of_its_coming() -> None:
    fresh = claims(6)
    odd = {each.entry.path for each in fresh[1::2]}

    first, second = parts(fresh, lambda claim: "odd" if claim.entry.path in odd else "even")

    assert (first.claims, second.claims) == (fresh[0::2], fresh[1::2])


def test_what_must_be_alone_is_alone_and_comes_last() -> None:
    lonely, fresh = claims(2, alone=True), claims(3)

    divided = parts([*lonely, *fresh])

    assert [list(each.claims) for each in divided] == [fresh, [lonely[0]], [lonely[1]]]


def test_halving_sixty_four_comes_down_to_one_in_six_steps() -> None:
    part, steps = Part(claims(64)), 0
    while not part.single:
        part, other = part.halves()
        steps += 1
        assert len(part.claims) >= len(other.claims) > 0

    assert steps == 6


def test_after_a_fault_one_is_tried_and_all_are_doubtful() -> None:
    tried, rest = Part(claims(64)).trial()

    assert tried.single
    assert len(rest.claims) == 63
    assert (tried.kind, rest.kind) == (Kind.TRIAL, Kind.SUSPECT)
    assert tried.doubtful
    assert rest.doubtful
    assert rest.mark is Mark.DOUBTFUL
