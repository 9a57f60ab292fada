"""From a C-STORE request and the head of its data set to a decision."""

from collections.abc import Collection, Mapping

from receiver.validation import sop_class_uid
from shared.dimse.service import Peer, Request
from shared.head import Head
from shared.head_reader import State
from shared.head_tags import MODALITY
from shared.reception import NOBODY
from shared.routing import ATTRIBUTES, Decision, Routes, Subject
from shared.sender import Sender


class Router:
    """`leads_anywhere`: whether there is a destination for any instance at all; `curious`: those
    whose URI depends on who sent it.
    """

    def __init__(
        self, routes: Routes, *, leads_anywhere: bool, curious: Collection[str] = ()
    ) -> None:
        self._routes = routes
        self.leads_anywhere = leads_anywhere
        self._curious = frozenset(curious)

    def settled(self, peer: Peer) -> Decision | None:
        """What holds for all instances of a peer; None: it depends on their attributes."""
        return self._routes.settled(peer.called_ae, peer.calling_ae, peer.address)

    def senders(self, decision: Decision, request: Request, head: Head) -> Mapping[str, Sender]:
        """Whom to remember, for the destinations of a decision that must know."""
        if self._curious.isdisjoint(decision.destinations):
            return NOBODY
        peer, modality = request.peer, head.values.get(MODALITY, "")
        sender = Sender.named(peer.called_ae, peer.calling_ae, modality)
        return dict.fromkeys(self._curious.intersection(decision.destinations), sender)

    def decide(self, request: Request, head: Head) -> Decision:
        return self._routes.decide(subject(request, head))


def subject(request: Request, head: Head) -> Subject:
    peer = request.peer
    values = {name: head.values.get(tag, "") for name, tag in ATTRIBUTES.items()}
    values["sop_class"] = sop_class_uid(request, head)
    readable = head.state not in {State.BROKEN, State.ENDLESS}
    return Subject(peer.called_ae, peer.calling_ae, peer.address, readable=readable, **values)
