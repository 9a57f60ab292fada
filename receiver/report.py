"""What the log says of single instances. A modality that sends one irregular instance sends
thousands: of each kind an association's first is told aloud, the others only for debugging.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from receiver.tallies import TALLIES
from receiver.validation import Rule, sop_class_uid, sop_instance_uid
from shared import logs, metrics
from shared.dimse import audit
from shared.dimse.service import Request
from shared.head import Head
from shared.head_tags import STUDY_INSTANCE_UID
from shared.routing import Decision
from shared.tallies import status_label
from shared.uid import NO_UID, shown

REMEMBERED = 1024  # kinds of news, over all associations

# Of each instance
_receive_took = TALLIES.observer(metrics.RECEIVE_SECONDS)
_sync_took = TALLIES.observer(metrics.SYNC_SECONDS)
_received = TALLIES.counter(metrics.RECEIVED)
_received_bytes = TALLIES.counter(metrics.RECEIVED_BYTES)

log = logs.get(__name__)


class Report:
    def __init__(self) -> None:
        self._told: dict[tuple[object, ...], None] = {}  # in the order of telling
        self.discards: Counter[str] = Counter()  # instances, by the reason of their route

    def kept(self, request: Request, head: Head, size: int, *, receive: float, sync: float) -> None:
        """`receive`: seconds in all; `sync`: of those, until it was safe."""
        if audit.listens():  # to find the UIDs takes microseconds
            study = head.values.get(STUDY_INSTANCE_UID, "")
            of_instance = sop_class_uid(request, head), sop_instance_uid(request, head)
            audit.received(request.peer, study, *of_instance)
        _receive_took(receive)
        _sync_took(sync)
        _received(1)
        _received_bytes(size)

    def irregular(self, request: Request, head: Head, rules: Sequence[Rule]) -> None:
        """It was kept although it breaks rules."""
        TALLIES.add(metrics.IRREGULAR)
        names = [rule.name for rule in rules]
        tell = self._teller(log.info, request, *names)
        tell("instance.irregular", rules=names, **_names(request, head))

    def discarded(self, request: Request, head: Head, decision: Decision) -> None:
        """Success was answered, and nothing kept: a route says so."""
        TALLIES.add(metrics.DISCARDED)
        self.discards[decision.reason] += 1
        tell = self._teller(log.warning, request, decision.routes)
        tell(
            "instance.discarded",
            routes=decision.routes,
            reason=decision.reason,
            so_far=self.discards[decision.reason],
            **_names(request, head),
        )

    def close(self) -> None:
        for reason, number in self.discards.items():
            log.warning("instances.discarded", reason=reason, instances=number)

    def refused(self, request: Request, head: Head, status: int, reason: str) -> None:
        TALLIES.add(metrics.REFUSED, status_label(status))
        tell = self._teller(log.warning, request, status, reason)
        tell("instance.refused", status=f"0x{status:04X}", reason=reason, **_names(request, head))

    def _teller(self, aloud: Callable[..., Any], request: Request, *kind: object) -> Any:
        key = (request.peer.association, *kind)
        if key in self._told:
            return log.debug
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return aloud


def _names(request: Request, head: Head) -> dict[str, str]:
    instance = sop_instance_uid(request, head)
    return {
        "association": request.peer.association,
        "calling_ae": request.peer.calling_ae,
        "sop_instance_uid": shown(instance) or NO_UID,
    }
