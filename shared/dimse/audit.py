"""What associations have for the audit trail: who connected, and what they transferred."""

from dataclasses import dataclass, field

from shared import audit
from shared import audit_message as says
from shared.audit_message import Identity, Participant
from shared.dimse.rejection import Rejection
from shared.dimse.service import Peer

MOST_INSTANCES = 1000  # in a message: a longer transfer is told in several


@dataclass(slots=True)
class Transfer:
    peer: Peer
    count: int = 0
    identities: list[Identity] = field(default_factory=list)


_transfers: dict[str, Transfer] = {}  # by association, while it lasts; of the event loop's thread


def connected(peer: Peer, rejection: Rejection | None = None) -> None:
    """An association, which `over` ends, unless it was rejected."""
    trail = audit.trail()
    if trail.on and not rejection:
        _transfers[peer.association] = Transfer(peer)
    trail.tell(
        says.SECURITY_ALERT,
        says.EXECUTE,
        _scu(peer),
        _scp(peer),
        kind=says.NODE_AUTHENTICATION,
        outcome=says.MINOR if rejection else says.SUCCESS,
        why=f"refused {rejection.code}" if rejection else "",
        objects=says.node(peer.address),
    )


def listens() -> bool:
    return audit.trail().on


def received(peer: Peer, study: str, sop_class: str, instance: str) -> None:
    """It was kept. Told once the association is over; only where somebody listens."""
    transfer = _transfers.get(peer.association) or Transfer(peer)
    transfer.count += 1
    if audit.trail().identifies:
        transfer.identities.append(Identity(study, sop_class, instance))
    if peer.association not in _transfers:  # what was under way when it ended is kept after it
        _tell(transfer)
    elif len(transfer.identities) >= MOST_INSTANCES:
        _transfers[peer.association] = Transfer(peer)
        _tell(transfer)


def queried(peer: Peer, sop_class: str, matches: int, *, status: int) -> None:
    trail = audit.trail()
    trail.tell(
        says.QUERY,
        says.EXECUTE,
        _scu(peer),
        _scp(peer),
        outcome=says.SERIOUS if status else says.SUCCESS,
        why=f"status {status:04X}" if status else "",
        objects=says.query(sop_class, matches),
    )


def over(association: str) -> None:
    """It has ended."""
    transfer = _transfers.pop(association, None)
    if transfer and transfer.count:
        _tell(transfer)


def _tell(transfer: Transfer) -> None:
    audit.trail().tell(
        says.INSTANCES_TRANSFERRED,
        says.CREATE,
        _scu(transfer.peer, source=True),
        _scp(transfer.peer, destination=True),
        objects=says.instances(transfer.count, transfer.identities),
    )


def _scu(peer: Peer, *, source: bool = False) -> Participant:
    role = says.SOURCE if source else None
    return Participant(peer.calling_ae, role, requestor=True, address=peer.address)


def _scp(peer: Peer, *, destination: bool = False) -> Participant:
    role = says.DESTINATION if destination else says.APPLICATION
    return Participant(peer.called_ae, role)
