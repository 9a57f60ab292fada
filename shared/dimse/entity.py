"""What all associations of one acceptor share: policy, limits, and the buffer they read into."""

import asyncio
from collections.abc import Callable, Sequence

from shared.dimse.admission import EVERYBODY
from shared.dimse.census import Census
from shared.dimse.deadlines import Timeouts
from shared.dimse.negotiate import Negotiator, Policy
from shared.dimse.rejection import TEMPORARY_CONGESTION, Rejection
from shared.dimse.service import Peer, Service
from shared.dimse.transport import RECEIVE_BUFFER
from shared.memory import large
from shared.sections import Receive

DRAINING = TEMPORARY_CONGESTION.because("we are draining")

Admit = Callable[[Peer], Rejection | None]


def admit_all(peer: Peer) -> Rejection | None:
    del peer
    return None


class Entity:
    """The application entity that accepts."""

    def __init__(self, services: Sequence[Service], settings: Receive, admit: Admit) -> None:
        self.ae_title = settings.ae_title
        self.timeouts = Timeouts(
            settings.artim_timeout,
            settings.idle_timeout,
            settings.pdu_timeout,
            settings.message_timeout,
        )
        policy = Policy(settings.transfer_syntaxes, settings.max_pdu, settings.accept_user_identity)
        self.negotiator = Negotiator(services, policy)
        self.census = Census(settings)
        self.buffer = large(RECEIVE_BUFFER)
        self.draining = False
        self.answering: set[asyncio.Task[None]] = set()  # operations that have not ended
        self.admission = EVERYBODY
        self._admit = admit

    def timeouts_of(self, peer: Peer) -> Timeouts:
        return self.admission.timeouts(peer, self.timeouts)

    def judge(self, peer: Peer) -> Rejection | None:
        """Whether an association may be: decided each time, never from what is kept."""
        if self.draining:
            return DRAINING
        return (
            self.admission.judge(peer)
            or self.census.room_for(peer, self.admission.limit(peer))
            or self._admit(peer)
        )
