"""What becomes of an instance after a request: a pure decision, and how long until the next try."""

from enum import Enum, auto
from random import uniform

from shared.index import Claim, Mark
from uploader.outcome import Outcome, Verdict

# Another attempt would get the same answer.
AT_ONCE = frozenset({Verdict.CONFLICT, Verdict.TOO_LARGE})


class Fate(Enum):
    RELEASE = auto()  # the origin server has it
    RETRY = auto()
    QUARANTINE = auto()


def fate(claim: Claim, outcome: Outcome, max_attempts: int) -> Fate:
    if outcome.delivered:
        return Fate.RELEASE
    if outcome.verdict in AT_ONCE:
        return Fate.QUARANTINE
    limit = outcome.limit or max_attempts
    if refused(outcome) and claim.attempts + 1 >= limit:
        return Fate.QUARANTINE
    return Fate.RETRY


def refused(outcome: Outcome) -> bool:
    """Whether it counts as an attempt: the origin server, or the file itself, spoke against it."""
    if outcome.verdict is Verdict.RETRYABLE:
        return outcome.http_status > 0  # else its turn never came
    return outcome.verdict not in {Verdict.UNACCOUNTED, Verdict.POSTPONED}


def unexplained(outcome: Outcome) -> bool:
    """Whether a refusal leaves open what is wrong: the instance, or the destination."""
    open_to_doubt = outcome.verdict in {Verdict.REJECTED, Verdict.RETRYABLE}
    return open_to_doubt and outcome.reason is None and outcome.http_status > 0


def mark(outcome: Outcome, *, sent_alone: bool) -> Mark:
    """To be remembered of an instance that is tried again. What was refused alone stays alone: in
    company it might have everything refused, once for each attempt.
    """
    if outcome.verdict is Verdict.UNACCOUNTED:
        return Mark.ALONE
    if not refused(outcome):
        return Mark.NONE
    return Mark.ATTEMPT | (Mark.ALONE if sent_alone else Mark.NONE)


def backoff(tries: int, base: float, cap: float) -> float:
    """Seconds until the next of a few tries: doubling, with jitter that keeps the order of size."""
    longest = min(cap, base * 2.0 ** min(tries - 1, 30))
    return uniform(longest / 2, longest)  # noqa: S311  # jitter is no secret
