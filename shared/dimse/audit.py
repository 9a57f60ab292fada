"""What associations have for the audit trail: who connected, and what they transferred."""

from collections import OrderedDict
from dataclasses import dataclass, field

from shared import audit
from shared import audit_message as says
from shared.audit_message import Identity, Participant
from shared.dimse.rejection import Rejection
from shared.dimse.service import Peer

MOST_INSTANCES = 1000  # in a message: a longer transfer is told in several
MOST_TRANSFERS = 4096  # associations: of those that end without a word the oldest is told


@dataclass(slots=True)
class Transfer:
    peer: Peer
    count: int = 0
    identities: list[Identity] = field(default_factory=list)


_transfers: OrderedDict[str, Transfer] = OrderedDict()  # by association; of the event loop's thread


def connected(peer: Peer, rejection: Rejection | None = None) -> None:
    trail = audit.trail()
    trail.tell(
        says.SECURITY_ALERT,
        says.EXECUTE,
        _scu(peer),
        _scp(peer),
        kind=says.NODE_AUTHENTICATION,
        outcome=says.MINOR if rejection else says.SUCCESS,
        why=f"refused {','.join(map(str, rejection))}" if rejection else "",
        objects=says.node(peer.address),
    )


def listens() -> bool:
    return audit.trail().on


def received(peer: Peer, study: str, sop_class: str, instance: str) -> None:
    """It was kept. Told once the association is over; only where somebody listens."""
    trail = audit.trail()
    transfer = _transfers.setdefault(peer.association, Transfer(peer))
    transfer.count += 1
    if trail.identifies:
        transfer.identities.append(Identity(study, sop_class, instance))
    if len(transfer.identities) >= MOST_INSTANCES or len(_transfers) > MOST_TRANSFERS:
        over(next(iter(_transfers)) if len(_transfers) > MOST_TRANSFERS else peer.association)


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
    if transfer is None:
        return
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
