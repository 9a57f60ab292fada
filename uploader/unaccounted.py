"""Instances of which the answer says nothing: never stored because the status was 200.

They are looked for by QIDO-RS (PS3.18 10.6), and compared where the destination's policy asks for
it; else sent again, each alone.
"""

from collections.abc import Sequence

from shared import logs
from shared.errors import DestinationFault, Silent
from shared.index import Claim, Mark
from uploader.origin import Origin
from uploader.outcome import Outcome, Verdict
from uploader.parts import Part
from uploader.settle import Settlement
from uploader.turns import Turn
from uploader.workplace import Workplace

NOTHING_STORED = "answers a Store request and stores nothing"
SILENT_IN_A_ROW = 2  # instances, each sent alone, with none stored meanwhile: then it is not they
SHOWN = 2  # times that others were stored and this one was not, before it is to blame
FOUND = Outcome(Verdict.STORED, 0, detail="not named in the answer, found by QIDO-RS")

log = logs.get(__name__)


class Unaccounted:
    """Of one destination, in one worker."""

    def __init__(self, origin: Origin, workplace: Workplace, settlement: Settlement) -> None:
        self._name = origin.destination.name
        self._origin = origin
        self._at = workplace
        self._settlement = settlement

    def unsent(self, claims: Sequence[Claim]) -> list[Claim]:
        """All but what was delivered and could not be removed: that waits until it can be. Then the
        origin server is asked for it, as nothing leaves the spool because Redis says so.
        """
        stuck = [each for each in claims if each.delivered]
        removable = self._settlement.removable(stuck)
        found = [each for each in removable if self._holds(each)]
        self._settlement.settle([(claim, FOUND) for claim in found])
        unknown = [each for each in removable if each not in found]
        return [*(each for each in claims if not each.delivered), *unknown]

    def look_into(self, turn: Turn, part: Part, silent: Sequence[Claim]) -> int:
        """How many were found and released. Raises Silent, with all settled or put back."""
        whole = len(silent) == len(part.claims)
        found: list[Claim] = []
        missing = list(silent)
        held: bool | None = None
        for claim in silent:
            held = self._holds(claim)
            if held is None or (held is False and whole and not found):
                break
            if held:
                found.append(claim)
                missing.remove(claim)
        if missing and part.single:
            self._alone(turn, missing[0])
        elif missing and whole and not found and held is False:
            self._settle(found, missing, Mark.DOUBTFUL)
            raise Silent(NOTHING_STORED)
        else:
            self._settle(found, missing, Mark.DOUBTFUL | Mark.ALONE)
        return len(found)

    def _holds(self, claim: Claim) -> bool | None:
        try:
            uri = self._origin.uri(claim.entry.sender)
            return self._origin.verify(self._at.spool.file(claim.entry), uri)
        except DestinationFault:
            return None  # a search that fails says nothing about the Store transaction

    def _settle(self, found: Sequence[Claim], missing: Sequence[Claim], remember: Mark) -> None:
        self._settlement.settle([(claim, FOUND) for claim in found])
        self._settlement.put_back(missing, remember)

    def _alone(self, turn: Turn, claim: Claim) -> None:
        """A full archive may be silent about everything; but then it stores nothing else either."""
        count, tries = self._at.index.suspect(self._name, claim.entry)
        if count >= max(self._at.settings.max_attempts, SHOWN):
            detail = f"{NOTHING_STORED} of this instance, others it does"
            outcome = Outcome(Verdict.UNACCOUNTED, 0, detail=detail)
            self._settlement.quarantine(claim, outcome, tries)
        elif turn.probing or self._at.index.refuse(self._name, claim.entry) > SILENT_IN_A_ROW:
            self._settlement.put_back([claim], Mark.DOUBTFUL | Mark.ALONE)
            raise Silent(NOTHING_STORED)
        else:
            log.warning(
                "instance.unaccounted",
                destination=self._name,
                instance=claim.entry.name,
                tries=tries,
                reason=NOTHING_STORED,
            )
            self._settlement.put_off(claim, tries, Mark.DOUBTFUL)
