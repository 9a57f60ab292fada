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


def fate(claim: Claim, outcome: Outcome, max_attempts: int, *, sent_alone: bool) -> Fate:
    """What was refused in company gets one more attempt by itself, whatever the limit: an archive
    that stores all of a request or nothing refuses the good ones with the bad.
    """
    if outcome.delivered:
        return Fate.RELEASE
    if outcome.verdict in AT_ONCE:
        return Fate.QUARANTINE
    limit = outcome.limit or max_attempts
    proven = sent_alone or not outcome.http_status  # 0: the file itself
    if proven and refused(outcome) and claim.attempts + 1 >= limit:
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


def mark(outcome: Outcome) -> Mark:
    """To be remembered of an instance that is tried again. What was refused goes alone from then
    on: in company it might have everything refused, once for each attempt, or be refused for it.
    """
    if outcome.verdict is Verdict.UNACCOUNTED:
        return Mark.ALONE
    return Mark.ATTEMPT | Mark.ALONE if refused(outcome) else Mark.NONE


def backoff(tries: int, base: float, cap: float) -> float:
    """Seconds until the next of a few tries: doubling, with jitter that keeps the order of size."""
    longest = min(cap, base * 2.0 ** min(tries - 1, 30))
    return uniform(longest / 2, longest)  # noqa: S311  # jitter is no secret
