"""Audit messages as PS3.15 A.5 has them: its names and codes, as JSON objects.

What PS3.15 asks for and we never give: the patient's identity, and the text of a query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.uid import shown

Json = dict[str, Any]
Code = tuple[str, str]  # code value of DCM, and its meaning

# Events (CID 400) and event types (CID 401)
APPLICATION_ACTIVITY: Code = ("110100", "Application Activity")
INSTANCES_ACCESSED: Code = ("110103", "DICOM Instances Accessed")
INSTANCES_TRANSFERRED: Code = ("110104", "DICOM Instances Transferred")
QUERY: Code = ("110112", "Query")
SECURITY_ALERT: Code = ("110113", "Security Alert")
USER_AUTHENTICATION: Code = ("110114", "User Authentication")
APPLICATION_START: Code = ("110120", "Application Start")
APPLICATION_STOP: Code = ("110121", "Application Stop")
LOGIN: Code = ("110122", "Login")
LOGOUT: Code = ("110123", "Logout")
NODE_AUTHENTICATION: Code = ("110126", "Node Authentication")
# Roles (CID 402)
APPLICATION: Code = ("110150", "Application")
DESTINATION: Code = ("110152", "Destination Role ID")
SOURCE: Code = ("110153", "Source Role ID")
# Identifiers of objects (CID 404)
STUDY: Code = ("110180", "Study Instance UID")
SOP_CLASS: Code = ("110181", "SOP Class UID")
NODE: Code = ("110182", "Node ID")

CREATE, READ, UPDATE, DELETE, EXECUTE = "CRUDE"  # EventActionCode
SUCCESS, MINOR, SERIOUS = 0, 4, 8  # EventOutcomeIndicator (RFC 3881 5.1.4)
BY_NAME, BY_ADDRESS = "1", "2"  # NetworkAccessPointTypeCode
SYSTEM_OBJECT, REPORT, QUERY_ROLE = 2, 3, 24


@dataclass(frozen=True, slots=True)
class Participant:
    user: str  # an AE title, a process, a person's login, the address of a service
    role: Code | None = None
    requestor: bool = False
    address: str = ""
    by: str = BY_ADDRESS

    def content(self) -> Json:
        found: Json = {"UserID": self.user, "UserIsRequestor": self.requestor}
        if self.role:
            found["RoleIDCode"] = _code(self.role)
        if self.address:
            found |= {"NetworkAccessPointID": self.address, "NetworkAccessPointTypeCode": self.by}
        return found


@dataclass(frozen=True, slots=True)
class Identity:
    """Of one instance; "" for what is not known."""

    study: str
    sop_class: str
    instance: str


def message(  # noqa: PLR0913  # as many as PS3.15 Table A.5.2-1 has
    event: Code,
    action: str,
    *participants: Participant,
    source: str,
    outcome: int = SUCCESS,
    kind: Code | None = None,
    why: str = "",
    objects: Iterable[Json] = (),
) -> Json:
    identification: Json = {
        "EventID": _code(event),
        "EventActionCode": action,
        "EventDateTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "EventOutcomeIndicator": outcome,
    }
    if kind:
        identification["EventTypeCode"] = [_code(kind)]
    if why:
        identification["EventOutcomeDescription"] = why
    return {
        "EventIdentification": identification,
        "ActiveParticipant": [each.content() for each in participants],
        "AuditSourceIdentification": {"AuditSourceID": source},
        "ParticipantObjectIdentification": list(objects),
    }


def instances(count: int, identities: Sequence[Identity] = ()) -> list[Json]:
    """The object of a transfer: how many, or each by study."""
    if not identities:
        return [_studies("", {"NumberOfInstances": count})]
    studies: dict[str, dict[str, list[str]]] = {}
    for each in identities:
        studies.setdefault(shown(each.study), {}).setdefault(shown(each.sop_class), []).append(
            shown(each.instance)
        )
    return [_studies(study, {"SOPClass": _classes(found)}) for study, found in studies.items()]


def node(address: str) -> list[Json]:
    """The object of a node authentication: who tried."""
    return [_object(address, NODE, 4)]  # 4: other, role omitted


def query(sop_class: str, matches: int) -> list[Json]:
    """The object of a query; its text may name a patient, and is left out."""
    found = _object(shown(sop_class), SOP_CLASS, SYSTEM_OBJECT, QUERY_ROLE)
    return [{**found, "ParticipantObjectDetail": [{"type": "matches", "value": str(matches)}]}]


def _studies(uid: str, description: Json) -> Json:
    return {
        **_object(uid, STUDY, SYSTEM_OBJECT, REPORT),
        "ParticipantObjectDescription": description,
    }


def _classes(found: Mapping[str, Sequence[str]]) -> list[Json]:
    return [
        {
            "UID": sop_class,
            "NumberOfInstances": len(uids),
            "Instance": [{"UID": uid} for uid in uids],
        }
        for sop_class, uids in found.items()
    ]


def _object(identifier: str, kind: Code, type_code: int, role: int | None = None) -> Json:
    found: Json = {
        "ParticipantObjectID": identifier,
        "ParticipantObjectIDTypeCode": _code(kind),
        "ParticipantObjectTypeCode": str(type_code),
    }
    return found if role is None else {**found, "ParticipantObjectTypeCodeRole": str(role)}


def _code(code: Code) -> Json:
    return {"csd-code": code[0], "codeSystemName": "DCM", "originalText": code[1]}
