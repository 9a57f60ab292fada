"""A drain tick: claim a batch, send it, settle each instance, and again, for some seconds.

A lone instance goes at once; while a request is under way others gather, and go together.
"""

import time

from shared import logs
from shared.errors import Denied, DestinationFault, Misconfigured
from shared.figures import TOKEN_ENDS
from shared.index import Batch
from uploader.delivery import Delivery
from uploader.origin import Origin
from uploader.turns import Turn
from uploader.workplace import Workplace

log = logs.get(__name__)


class Drain:
    """Of one destination, in one worker."""

    def __init__(self, origin: Origin, workplace: Workplace) -> None:
        self._destination = origin.destination
        self._origin = origin
        self._token_ends = 0  # seconds since 1970, as told
        self._delivery = Delivery(origin, workplace)
        self._at = workplace

    def tick(self) -> None:
        """Raises RedisError; whatever was claimed then comes back when its lease ends. Raises
        OtherIndex for an index that is not ours.
        """
        self._at.version.check()
        turn = self._at.turns.begin(self._destination)
        if not turn.granted:
            return
        try:
            self._drain(turn)
            self._tell_of_token()
        finally:
            self._at.ticks.enqueue_all(self._at.turns.finish(turn))

    def _drain(self, turn: Turn) -> None:
        ends = time.monotonic() + self._at.settings.tick
        while not self._at.stopping.is_set() and time.monotonic() < ends:
            batch = self._claim(turn)
            if not batch.claims:
                return
            if batch.full and not turn.probing and self._at.turns.spawn(self._destination):
                self._at.ticks.enqueue(self._destination.name)
            try:
                with self._at.lease.holding(turn, [each.entry for each in batch.claims]):
                    self._delivery.deliver(turn, batch.claims)
            except DestinationFault as fault:
                self._hold(turn, fault)
                return

    def _claim(self, turn: Turn) -> Batch:
        return self._at.index.claim(
            self._destination.name,
            most=1 if turn.probing else self._delivery.most,
            max_bytes=self._delivery.room,
            lease=self._at.settings.lease,
            probing=turn.probing,
        )

    def _tell_of_token(self) -> None:
        left = self._origin.token_seconds
        if left is None:
            return
        ends = int(time.time() + left)  # not later than it does
        if abs(ends - self._token_ends) > 1:
            self._token_ends = ends
            self._at.index.figure(self._destination.name, TOKEN_ENDS, ends)

    def _hold(self, turn: Turn, fault: DestinationFault) -> None:
        hold = self._at.turns.fault(turn, fault)
        if hold.begun:
            # Someone must act on these; the others may pass by themselves.
            tell = log.error if isinstance(fault, Denied | Misconfigured) else log.warning
            tell(
                "destination.held",
                destination=self._destination.name,
                reason=fault.reason,
                seconds=round(hold.seconds, 3),
                faults=hold.faults,
            )
