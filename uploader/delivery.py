"""Delivers a batch in as few requests as the origin server allows; nothing good waits behind
something bad. What is refused or failed on as a whole is halved until the culprit is alone.
"""

import time
from collections import deque
from collections.abc import Sequence

from shared import logs, metrics, open_segment, tracing
from shared.errors import Busy, DestinationFault, Misconfigured, Unavailable
from shared.figures import observed
from shared.index import Claim, Mark
from uploader.fate import unexplained
from uploader.origin import Origin
from uploader.outcome import BatchRefused, Outcome, Verdict
from uploader.parts import Kind, Part, parts
from uploader.room import Number, Room
from uploader.settle import Settlement, Tally
from uploader.turns import Turn
from uploader.unaccounted import Unaccounted
from uploader.workplace import Workplace

log = logs.get(__name__)

# Faults in a row, while parts of a failed batch are tried, that may still be one instance's doing:
# halving 1,000 down to it takes ten.
PATIENCE = 10
# A destination that failed on an instance alone so often, and stored others in between each time,
# is not held for it any more; after so many times max_attempts the instance goes to quarantine.
OWN_FAULT = 3
FAULTS_PER_ATTEMPT = 4
# A refusal without a reason is put down to the instance if no other that waits was refused since
# one was stored: a front end that is broken refuses all, and not for good. Beyond so many the
# destination is held; after so many tries an instance goes all the same, or it might block others.
REFUSED_IN_A_ROW = 8
REFUSED_TRIES = 20
MOST = 64  # URIs that are remembered: senders come over the wire


class Delivery:
    """To one destination, in one worker."""

    def __init__(self, origin: Origin, workplace: Workplace) -> None:
        self._name = origin.destination.name
        self._origin = origin
        self._at = workplace
        self._settlement = Settlement(self._name, workplace)
        self._unaccounted = Unaccounted(origin, workplace, self._settlement)
        self._room = Room(origin.destination.batch_bytes)
        self._number = Number(origin.destination.batch_instances)
        self._faults = 0  # in a row
        self._reached: dict[str, None] = {}  # URIs that were answered at, the latest last

    @property
    def room(self) -> int:
        """Bytes that a request should have at most."""
        pace = self._origin.pace
        return int(min(self._room.bytes, pace.room)) if pace else self._room.bytes

    @property
    def most(self) -> int:
        """Instances that a request should have at most."""
        return self._number.instances

    def deliver(self, turn: Turn, claims: Sequence[Claim]) -> None:
        """Raises DestinationFault and RedisError; after a fault all is settled or put back."""
        with open_segment.held():
            self._deliver(turn, claims)

    def _deliver(self, turn: Turn, claims: Sequence[Claim]) -> None:
        self._faults = 0
        there = self._settlement.present(claims, at_a_glance=True)
        waiting = deque(parts(self._unaccounted.unsent(there), self._place))
        fault: DestinationFault | None = None
        while waiting and not fault and not self._at.stopping.is_set():
            try:
                waiting.extendleft(reversed(self._send(turn, waiting.popleft())))
            except DestinationFault as raised:
                fault = raised
        for part in waiting:
            self._settlement.put_back(part.claims, part.mark)
        if fault:
            raise fault

    def _send(self, turn: Turn, part: Part) -> list[Part]:
        """Send and settle one part; what to send next instead of it."""
        began = time.monotonic()
        try:
            outcomes = self._store(part)
        except BatchRefused as refused:
            self._room.learn(part.size, refused.outcome)
            self._number.failed()
            return part.halves()
        except DestinationFault as fault:
            self._faults += 1
            self._number.failed()
            return self._failed(turn, part, fault)
        self._remember(self._place(part.claims[0]))
        if not part.single:
            self._room.taken(part.size)
        seconds = time.monotonic() - began
        self._number.answered(len(part.claims), seconds)
        self._answered(turn, part, outcomes, seconds)
        return []

    def _store(self, part: Part) -> list[Outcome]:
        files = [self._at.spool.file(each.entry) for each in part.claims]
        names = [each.entry.reception for each in part.claims]
        try:
            with tracing.storing(self._name, names):
                uri = self._place(part.claims[0])
                return self._origin.store(files, ambiguous=part.doubtful, uri=uri)
        except (DestinationFault, BatchRefused):
            raise
        except Exception as error:  # a bug of ours must not stop what it does not concern
            log.exception("store.failed", destination=self._name)
            raise Unavailable(f"cannot be sent our request ({type(error).__name__})") from None

    def _failed(self, turn: Turn, part: Part, fault: DestinationFault) -> list[Part]:
        """Raises the fault, unless one instance may be behind it, or who sent it."""
        if isinstance(fault, Misconfigured) and self._origin.has_variables:
            self._misplaced(part, fault)
            return []
        passing = isinstance(fault, Unavailable) and not isinstance(fault, Busy)
        if passing and self._faults <= PATIENCE and part.kind is not Kind.TRIAL:
            if not part.single:
                return part.trial() if part.kind is Kind.ORDINARY else part.halves()
            if self._failed_alone(turn, part, fault):
                return []
        self._settlement.put_back(part.claims, Mark.DOUBTFUL)
        raise fault

    def _misplaced(self, part: Part, fault: Misconfigured) -> None:
        """There is no service at the URI of this sender. Raises the fault where there may be none
        for any: then no instance is to blame.
        """
        self._reached.pop(self._place(part.claims[0]), None)
        unexplained = []
        for claim in part.claims:
            count, tries = self._at.index.suspect(self._name, claim.entry)
            if count >= self._at.settings.max_attempts:
                detail = f"{fault.reason}, for this sender alone"
                self._settlement.quarantine(claim, Outcome(Verdict.REJECTED, 0, detail=detail))
            elif count > 1 or self._reached:
                self._settlement.put_off(claim, tries, Mark.NONE)
            else:
                unexplained.append(claim)
        if unexplained:
            self._settlement.put_back(unexplained, Mark.NONE)
            raise fault

    def _remember(self, uri: str) -> None:
        self._reached.pop(uri, None)
        self._reached[uri] = None
        if len(self._reached) > MOST:
            del self._reached[next(iter(self._reached))]

    def _place(self, claim: Claim) -> str:
        return self._origin.uri(claim.entry.sender)

    def _failed_alone(self, turn: Turn, part: Part, fault: DestinationFault) -> bool:
        """Whether it was put down to the instance."""
        [claim] = part.claims
        count, tries = self._at.index.suspect(self._name, claim.entry)
        proven = part.kind is Kind.SUSPECT or (count >= OWN_FAULT and not turn.probing)
        if not proven:
            return False
        if count >= self._at.settings.max_attempts * FAULTS_PER_ATTEMPT:
            detail = f"failed on alone, others stored in between: {fault.reason}"
            self._settlement.quarantine(claim, Outcome(Verdict.REJECTED, 0, detail=detail), tries)
        else:
            self._settlement.put_off(claim, tries, Mark.DOUBTFUL)
        return True

    def _answered(
        self, turn: Turn, part: Part, outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        doubtful = part.single and unexplained(outcomes[0])
        if doubtful and self._refused_like_others(part.claims[0], outcomes[0]):
            return
        results = list(zip(part.claims, outcomes, strict=True))
        accounted = [each for each in results if each[1].verdict is not Verdict.UNACCOUNTED]
        tally = self._settlement.settle(accounted, sent_alone=part.single)
        silent = [claim for claim, outcome in results if outcome.verdict is Verdict.UNACCOUNTED]
        try:
            if silent:
                found = self._unaccounted.look_into(turn, part, silent)
                tally.stored += found
        finally:
            if tally.delivered or any(_shows_health(outcome) for _, outcome in accounted):
                self._succeeded(turn, part, tally, seconds)
        trying = turn.probing or part.kind is Kind.TRIAL
        if trying and any(outcome.outage for outcome in outcomes):
            raise Unavailable(f"stores nothing: {outcomes[0].detail}")

    def _refused_like_others(self, claim: Claim, outcome: Outcome) -> bool:
        """Whether the refusal costs no attempt. Raises Unavailable if it seems to befall all."""
        in_a_row = self._at.index.refuse(self._name, claim.entry)
        if in_a_row == 1:
            return False
        _, tries = self._at.index.suspect(self._name, claim.entry)
        if tries >= REFUSED_TRIES:
            self._settlement.quarantine(claim, outcome, tries)
        elif in_a_row > REFUSED_IN_A_ROW:
            self._settlement.put_back([claim], Mark.NONE)
            raise Unavailable(f"refuses all that it is sent: {outcome.detail}")
        else:
            self._settlement.put_off(claim, tries, Mark.NONE)
        return True

    def _succeeded(self, turn: Turn, part: Part, tally: Tally, seconds: float) -> None:
        self._faults = 0
        recovered = self._at.turns.success(
            turn,
            stored=tally.stored,
            duplicates=tally.duplicates,
            figures={
                **observed(metrics.REQUEST_SECONDS, seconds),
                **observed(metrics.REQUEST_INSTANCES, len(part.claims)),
            },
        )
        if recovered:
            log.info("destination.recovered", destination=self._name)
        log.info(
            "batch.stored",
            destination=self._name,
            stored=tally.stored,
            duplicates=tally.duplicates,
            refused=tally.refused,
            bytes=tally.size,
            seconds=round(seconds, 4),
        )


def _shows_health(outcome: Outcome) -> bool:
    """An answer that only a destination in working order gives."""
    return outcome.delivered or (outcome.http_status > 0 and not outcome.outage)
