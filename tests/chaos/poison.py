"""Instances that the script makes unstorable, known by their number."""

from enum import Enum

from tests.chaos.scale import Scale


class Poison(Enum):
    NAMED = "failed with a reason"
    REFUSED = "the whole request is refused, 400"
    TOO_LARGE = "the whole request is refused, 413"
    UNMENTIONED = "left out of the answer, 200"
    FAILED_ON = "the server fails, 500"


KINDS = list(Poison)
# Some are found out only while others are stored: none may come last.
FIRST_PART = 0.4


def poison(scale: Scale, number: int) -> Poison | None:
    if number % scale.poison_every != scale.poison_every // 2:
        return None
    if number > scale.instances * FIRST_PART:
        return None
    return KINDS[number // scale.poison_every % len(KINDS)]
