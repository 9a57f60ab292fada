"""What is left free on a volume, where the settings do not say it."""

import pytest

from shared.reserves import Reserves, reserves
from shared.spool_sections import SpoolSettings

GIBIBYTE = 1 << 30
MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, Reserves(0, 0)),  # a file system that does not say
        (200 * MEBIBYTE, Reserves(20 * MEBIBYTE, 5 * MEBIBYTE)),
        (10 * GIBIBYTE, Reserves(GIBIBYTE, 256 * MEBIBYTE)),
        (20 * GIBIBYTE, Reserves(2 * GIBIBYTE, 512 * MEBIBYTE)),
        (4000 * GIBIBYTE, Reserves(2 * GIBIBYTE, 512 * MEBIBYTE)),
    ],
)
def test_unset_it_is_a_part_of_the_volume_and_no_more_than_a_large_one_needs(
    size: int, expected: Reserves
) -> None:
    assert reserves(SpoolSettings(), size) == expected


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [
        (0, 0, Reserves(0, 0)),
        (7, None, Reserves(7, 7)),
        (None, 5 * GIBIBYTE, Reserves(5 * GIBIBYTE, 5 * GIBIBYTE)),
        (None, 3, Reserves(GIBIBYTE, 3)),
        (2**62, None, Reserves(2**62, 256 * MEBIBYTE)),
    ],
)
def test_what_is_set_holds_and_the_other_does_not_contradict_it(
    soft: int | None, hard: int | None, expected: Reserves
) -> None:
    settings = SpoolSettings(soft_reserve=soft, hard_reserve=hard)

    assert reserves(settings, 10 * GIBIBYTE) == expected
