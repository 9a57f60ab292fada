"""Settles instances after a request: out of the spool, back into the index, or into quarantine."""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from shared import kept, logs
from shared.entry import Entry
from shared.errors import SpoolError
from shared.index import Claim, Mark
from shared.record import Damaged
from shared.regular import NO_SUCH_PLACE
from shared.uid import shown
from uploader import audit
from uploader.fate import Fate, backoff, fate, mark, refused
from uploader.instance import NotAnInstance, read_instance
from uploader.outcome import DAMAGED, Outcome, Verdict
from uploader.workplace import Workplace

log = logs.get(__name__)

STUCK = "cannot remove an instance: its folder cannot be written"

Result = tuple[Claim, Outcome]


@dataclass(slots=True)
class Tally:
    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    size: int = 0  # bytes of what was delivered

    @property
    def delivered(self) -> int:
        return self.stored + self.duplicates

    def count(self, claim: Claim, outcome: Outcome) -> None:
        if not outcome.delivered:
            self.refused += 1
            return
        self.size += claim.entry.size
        if outcome.verdict is Verdict.DUPLICATE:
            self.duplicates += 1
        else:
            self.stored += 1


class Settlement:
    """Of one destination. Raises RedisError; the spool is settled first, as it is the truth."""

    def __init__(self, destination: str, workplace: Workplace) -> None:
        self._name = destination
        self._spool = workplace.spool
        self._index = workplace.index
        self._settings = workplace.settings

    def settle(self, results: Sequence[Result], *, sent_alone: bool = False) -> Tally:
        """Of one request; `sent_alone`: it had one instance."""
        tally = Tally()
        uids = audit.identities(self._spool, [c for c, outcome in results if outcome.delivered])
        released = self._release([each for each in results if each[1].delivered])
        for claim, outcome in results:
            tally.count(claim, outcome)
            if not outcome.delivered:
                self._refuse(claim, outcome, sent_alone=sent_alone)
        if tally.delivered:
            audit.stored(self._name, tally.delivered, uids)
        self._index.ack(self._name, released)
        return tally

    def removable(self, claims: Iterable[Claim]) -> list[Claim]:
        """Those that could leave the spool now; the others are due later."""
        lets_go = cache(_lets_go)
        removable: list[Claim] = []
        stuck: list[Claim] = []
        for claim in claims:
            those = removable if lets_go(kept.container(self._spool.file(claim.entry))) else stuck
            those.append(claim)
        if stuck:
            log.error("instance.not_released", destination=self._name, reason=STUCK)
            self._later(*stuck)
        return removable

    def present(self, claims: Sequence[Claim], *, at_a_glance: bool = False) -> list[Claim]:
        """Those whose file is there, whole; the others were delivered, or dropped by an operator.
        `at_a_glance`: some may be gone from their segment nevertheless.
        One of another size than it was received with goes to quarantine: it would be another image.
        """
        look = kept.size_at_a_glance if at_a_glance else kept.size
        there, gone = [], []
        for claim in claims:
            try:
                size = look(self._spool.file(claim.entry))
            except Damaged:
                self.quarantine(claim, DAMAGED)
                continue
            except OSError as error:
                if error.errno in NO_SUCH_PLACE:
                    gone.append(claim.entry)
                else:
                    self._postpone(claim, f"cannot be found: {error.strerror}")
                continue
            if size == claim.entry.size:
                there.append(claim)
            else:
                detail = f"has {size} bytes instead of {claim.entry.size}"
                self.quarantine(claim, Outcome(Verdict.REJECTED, 0, detail=detail))
        if gone:
            self._index.ack(self._name, gone)
        return there

    def put_back(self, claims: Iterable[Claim], remember: Mark) -> None:
        """Nothing was said about these: due as they were before."""
        self._index.nack(self._name, [each.entry for each in claims], mark=remember)

    def put_off(self, claim: Claim, tries: int, remember: Mark) -> None:
        """Something is wrong with this one alone: due later, and by itself."""
        self._index.nack(
            self._name,
            [claim.entry],
            delay=self._delay(tries),
            mark=remember | Mark.ALONE,
        )

    def quarantine(self, claim: Claim, outcome: Outcome, tries: int = 0) -> None:
        """`tries`: how often it was sent in vain, where not all of that counted as attempts."""
        entry, attempts = claim.entry, max(claim.attempts + 1, tries)
        uid = self._sop_instance_uid(entry)
        record = {"sop_instance_uid": uid, **_record(entry, outcome, attempts)}
        try:
            self._spool.quarantine(entry, record)
        except FileNotFoundError:
            pass
        except SpoolError as error:
            log.error("instance.not_quarantined", destination=self._name, reason=str(error))
            self._later(claim)
            return
        else:
            log.error(
                "instance.quarantined",
                destination=self._name,
                instance=entry.name,
                sop_instance_uid=uid,
                attempts=attempts,
                **_reason(outcome),
            )
            self._index.count(self._name, "quarantined")
            audit.refused(self._name, uid, outcome.detail)
        self._index.ack(self._name, [entry])

    def _release(self, results: Sequence[Result]) -> list[Entry]:
        """Those that have left the spool."""
        stuck = self._spool.release_all({claim.entry: outcome.sent for claim, outcome in results})
        for claim, _ in results:
            if fault := stuck.get(claim.entry):
                log.error("instance.not_released", destination=self._name, reason=str(fault))
                self._index.stuck(self._name, claim.entry)
                self._later(claim, remember=Mark.DOUBTFUL)
        return [claim.entry for claim, _ in results if claim.entry not in stuck]

    def _refuse(self, claim: Claim, outcome: Outcome, *, sent_alone: bool) -> None:
        most = self._settings.max_attempts
        if fate(claim, outcome, most, sent_alone=sent_alone) is Fate.QUARANTINE:
            self.quarantine(claim, outcome)
            return
        if not self.present([claim]):
            return
        if outcome.verdict is Verdict.POSTPONED:
            self._postpone(claim, outcome.detail)
            return
        attempts = claim.attempts + refused(outcome)
        delay = self._delay(attempts) if attempts and refused(outcome) else 0.0
        self._index.nack(self._name, [claim.entry], delay=delay, mark=mark(outcome))
        log.warning(
            "instance.refused",
            destination=self._name,
            instance=claim.entry.name,
            sop_instance_uid=self._sop_instance_uid(claim.entry),
            attempts=attempts,
            **_reason(outcome),
        )

    def _postpone(self, claim: Claim, reason: str) -> None:
        log.error("instance.postponed", destination=self._name, reason=reason)
        self._later(claim)

    def _later(self, *claims: Claim, remember: Mark = Mark.NONE) -> None:
        """Something on this side hinders them, and may for long."""
        entries = [each.entry for each in claims]
        self._index.nack(self._name, entries, delay=self._settings.retry_cap, mark=remember)

    def _sop_instance_uid(self, entry: Entry) -> str:
        """For people who look for it; "" for a file that cannot be read."""
        try:
            return shown(read_instance(self._spool.file(entry)).sop_instance_uid)
        except (NotAnInstance, OSError):
            return ""

    def _delay(self, tries: int) -> float:
        return backoff(tries, self._settings.retry_base, self._settings.retry_cap)


def _lets_go(container: Path) -> bool:
    """Whether instances can be removed from this folder or segment: not where a file system became
    read-only, as it does after an error, nor with the rights of somebody who may only read.
    """
    return os.access(container, os.W_OK | (os.X_OK if container.is_dir() else 0))


def _reason(outcome: Outcome) -> dict[str, object]:
    return {
        "verdict": outcome.verdict.value,
        "http_status": outcome.http_status,
        "failure_reason": outcome.reason,
        "detail": outcome.detail,
    }


def _record(entry: Entry, outcome: Outcome, attempts: int) -> dict[str, object]:
    return {
        "destination": entry.destination,
        "received": _iso(entry.received),
        "quarantined": _iso(time.time()),
        "attempts": attempts,
        "size": entry.size,
        **_reason(outcome),
        "warning_reason": outcome.warning,
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
