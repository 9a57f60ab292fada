"""From a C-STORE request and the head of its data set to a decision."""

from receiver.validation import sop_class_uid
from shared.dimse.service import Peer, Request
from shared.head import Head, State
from shared.routing import ATTRIBUTES, Decision, Routes, Subject


class Router:
    """`leads_anywhere`: whether there is a destination for any instance at all."""

    def __init__(self, routes: Routes, *, leads_anywhere: bool) -> None:
        self._routes = routes
        self.leads_anywhere = leads_anywhere

    def settled(self, peer: Peer) -> Decision | None:
        """What holds for all instances of a peer; None: it depends on their attributes."""
        return self._routes.settled(peer.called_ae, peer.calling_ae, peer.address)

    def decide(self, request: Request, head: Head) -> Decision:
        return self._routes.decide(subject(request, head))


def subject(request: Request, head: Head) -> Subject:
    peer = request.peer
    values = {name: head.values.get(tag, "") for name, tag in ATTRIBUTES.items()}
    values["sop_class"] = sop_class_uid(request, head)
    readable = head.state not in {State.BROKEN, State.ENDLESS}
    return Subject(peer.called_ae, peer.calling_ae, peer.address, readable=readable, **values)
