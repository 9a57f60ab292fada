"""What became of one instance in a Store transaction: a value, never an exception."""

from enum import StrEnum
from typing import NamedTuple

from shared.ledger import Sent


class Verdict(StrEnum):
    STORED = "stored"  # the origin server named the instance in ReferencedSOPSequence
    DUPLICATE = "duplicate"  # it has the instance already, and that is as good
    CONFLICT = "conflict"  # it holds other bytes under this UID: quarantine
    REJECTED = "rejected"  # it will never take this instance: quarantine
    TOO_LARGE = "too_large"  # as REJECTED, for the size of a request with this instance alone
    RETRYABLE = "retryable"  # refused for now: try again, at most Outcome.limit times in all
    POSTPONED = "postponed"  # something on this side hinders it, and may pass: a full disk
    UNACCOUNTED = "unaccounted"  # not a word about it: verify, else send again; never stored


DELIVERED = frozenset({Verdict.STORED, Verdict.DUPLICATE})
HOPELESS = frozenset({Verdict.CONFLICT, Verdict.REJECTED, Verdict.TOO_LARGE})


class Outcome(NamedTuple):
    """`detail` is our own sentence, never the server's, which might name a patient.

    `limit`: how many attempts in all this answer allows; None: upload.max_attempts decides.
    """

    verdict: Verdict
    http_status: int
    reason: int | None = None  # Failure Reason (0008,1197)
    warning: int | None = None  # Warning Reason (0008,1196)
    detail: str = ""
    limit: int | None = None
    sent: Sent | None = None  # what is known of the file since it was sent as it is
    outage: bool = False  # the destination's doing (a full disk): a probe that got it has failed

    @property
    def delivered(self) -> bool:
        """The instance may leave the spool."""
        return self.verdict in DELIVERED

    @property
    def hopeless(self) -> bool:
        """No further attempt will help: quarantine at once."""
        return self.verdict in HOPELESS


class BatchRefused(Exception):
    """A request of several instances was refused as a whole, which says nothing about each:
    send its halves. `outcome` is what the refusal would mean for an instance sent alone.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


DAMAGED = Outcome(
    Verdict.REJECTED, 0, detail="is not what was received: the disk changed or lost it", limit=1
)
# Taken by another worker, most likely; else the disk cannot read it to its end, and tried again at
# once it would be tried for ever.
GONE = Outcome(Verdict.POSTPONED, 0, detail="the file is gone, or cannot be read to its end")
