"""What becomes of an instance after a request."""

import pytest

from shared.entry import Entry
from shared.index import Claim, Mark
from uploader.fate import Fate, backoff, fate, mark
from uploader.outcome import DAMAGED, GONE, Outcome, Verdict

ENTRY = Entry("cloud/routine/2026112400/1889cc8a3d1d4f00000000ab~4711.dcm", 4711)
MOST = 5


def claim(attempts: int = 0) -> Claim:
    return Claim(ENTRY, attempts=attempts)


def outcome(verdict: Verdict, http_status: int = 200, limit: int | None = None) -> Outcome:
    return Outcome(verdict, http_status, limit=limit)


@pytest.mark.parametrize("verdict", [Verdict.STORED, Verdict.DUPLICATE])
def test_what_the_origin_server_has_leaves_the_spool(verdict: Verdict) -> None:
    assert fate(claim(), outcome(verdict), MOST, sent_alone=True) is Fate.RELEASE


@pytest.mark.parametrize(
    ("verdict", "attempts", "expected"),
    [
        (Verdict.REJECTED, 0, Fate.RETRY),
        (Verdict.REJECTED, 3, Fate.RETRY),
        (Verdict.REJECTED, 4, Fate.QUARANTINE),
        (Verdict.RETRYABLE, 3, Fate.RETRY),
        (Verdict.RETRYABLE, 4, Fate.QUARANTINE),
        (Verdict.TOO_LARGE, 0, Fate.QUARANTINE),
        (Verdict.CONFLICT, 0, Fate.QUARANTINE),
        (Verdict.UNACCOUNTED, 99, Fate.RETRY),
    ],
)
def test_refusals_are_counted_and_silence_is_not(
    verdict: Verdict, attempts: int, expected: Fate
) -> None:
    assert fate(claim(attempts), outcome(verdict), MOST, sent_alone=True) is expected


def test_an_answer_may_allow_fewer_or_more_attempts_than_the_settings() -> None:
    few, many = (
        outcome(Verdict.RETRYABLE, 400, limit=3),
        outcome(Verdict.RETRYABLE, 200, limit=1000),
    )

    assert fate(claim(2), few, MOST, sent_alone=True) is Fate.QUARANTINE
    assert fate(claim(500), many, MOST, sent_alone=True) is Fate.RETRY


def test_an_instance_whose_turn_never_came_has_lost_no_attempt() -> None:
    assert fate(claim(MOST), GONE, MOST, sent_alone=True) is Fate.RETRY
    assert mark(GONE) is Mark.NONE


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.RETRYABLE])
@pytest.mark.parametrize("limit", [None, 1])
def test_nothing_is_set_aside_that_was_not_refused_alone(
    verdict: Verdict, limit: int | None
) -> None:
    refused = outcome(verdict, 409, limit)

    for attempts in (0, MOST - 1, MOST, 10 * MOST):
        assert fate(claim(attempts), refused, MOST, sent_alone=False) is Fate.RETRY
        assert mark(refused) == Mark.ATTEMPT | Mark.ALONE
    assert fate(claim(MOST - 1), refused, MOST, sent_alone=True) is Fate.QUARANTINE
    assert mark(outcome(Verdict.UNACCOUNTED)) == Mark.ALONE


def test_a_file_that_is_no_good_in_itself_need_not_go_alone() -> None:
    assert fate(claim(), DAMAGED, MOST, sent_alone=False) is Fate.QUARANTINE


def test_the_back_off_doubles_up_to_its_cap() -> None:
    for tries, longest in [(1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0), (10**6, 300.0)]:
        waits = [backoff(tries, 1.0, 300.0) for _ in range(50)]
        assert longest / 2 <= min(waits) <= max(waits) <= longest
