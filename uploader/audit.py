"""What deliveries have for the audit trail: what was stored where, what was refused for good."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from shared import audit
from shared import audit_message as says
from shared.audit_message import Identity, Json, Participant
from shared.index import Claim
from shared.spool import Spool
from uploader.instance import NotAnInstance, place, read_instance


def identities(spool: Spool, claims: Iterable[Claim]) -> list[Identity]:
    """While the files are there; nothing where UIDs are not to be named."""
    if not audit.trail().identifies:
        return []
    return [_identity(spool.file(each.entry)) for each in claims]


def stored(destination: str, count: int, uids: Sequence[Identity]) -> None:
    """The destination has them."""
    _tell(destination, says.instances(count, uids))


def refused(destination: str, uid: str, reason: str) -> None:
    """It will not have this one, which is in quarantine now."""
    uids = [Identity("", "", uid)] if audit.trail().identifies else []
    _tell(destination, says.instances(1, uids), says.SERIOUS, reason)


def _tell(
    destination: str, objects: Sequence[Json], outcome: int = says.SUCCESS, why: str = ""
) -> None:
    trail = audit.trail()
    us = replace(trail.us, role=says.SOURCE, requestor=True)
    trail.tell(
        says.INSTANCES_TRANSFERRED,
        says.CREATE,
        us,
        Participant(destination, says.DESTINATION),
        outcome=outcome,
        why=why,
        objects=objects,
    )


def _identity(file: Path) -> Identity:
    try:
        instance = read_instance(file)
        found = place(instance)
    except (NotAnInstance, OSError):
        return Identity("", "", "")
    return Identity(found.study if found else "", "", instance.sop_instance_uid)
