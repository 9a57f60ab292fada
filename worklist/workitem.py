"""A workitem as the origin server gave it, with what is derived from it (PS3.4 Annex CC to K.6)."""

import base64
import hashlib
import json
import uuid
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from worklist.datetimes import moved, read_moment, zone_of
from worklist.dicomjson import DataSet, Texts, first, items

# Study Instance UIDs that a server does not give are derived from the workitem's in this space.
STUDY_SPACE = uuid.UUID("6f6f1a4e-3f0b-5a57-9a0c-1d3c7b0a5e21")

_SOP_INSTANCE_UID = "00080018"
_REQUESTS = "0040A370"
_STEPS = "00400100"
_OFFSET = "00080201"
_PATIENT_ID = "00100020"
_STEP_ID = "00400009"
_MOST_MOMENTS = 16  # a query may come with any zone
_ORDER = ("00080050", "00401001")  # accession number, requested procedure ID


@dataclass(frozen=True, slots=True)
class Asking:
    """What answers depend on beside the workitem: who asks, and how the site is set up."""

    zone: tzinfo  # of the dates and times in the query and its answers
    upstream: tzinfo  # of the origin server's
    calling_ae: str = ""
    station: str = ""  # the AE title asked for, if it is one
    modality: str = ""  # of who asks, for workitems that name none
    today: str = ""  # date of a step without one, if such are answered
    midnight: bool = True  # whether a step without a time is answered with one
    placeholder: str = ""  # name and ID of a patient who has none
    stations: Mapping[str, str] = field(default_factory=dict)  # station code -> AE title
    modalities: Mapping[str, str] = field(default_factory=dict)  # workitem code -> modality


class Workitem:
    """One workitem and the one of its requests that is answered; shared by queries."""

    __slots__ = (
        "_mark",
        "_moments",
        "_others",
        "answers",
        "number",
        "request",
        "root",
        "step",
        "values",
    )

    def __init__(self, root: DataSet, number: int = 0) -> None:
        """`number`: which of the items of Referenced Request Sequence is answered."""
        requests = items(root, _REQUESTS)
        steps = items(root, _STEPS)
        self.root = root
        self.number = number
        self.request: DataSet = requests[number] if requests else {}
        self.step: DataSet = steps[0] if steps else {}
        self._others: list[Workitem] | None = [] if len(requests) < 2 else None  # noqa: PLR2004
        self._moments: dict[tuple[str, tzinfo, tzinfo], str] = {}
        self._mark: str | None = None
        self.values: dict[int, Texts] = {}  # of sources that were asked before, by their number
        self.answers: dict[Hashable, bytes] = {}  # as they were encoded before

    @property
    def uid(self) -> str:
        return first(self.root, _SOP_INSTANCE_UID).strip(" \0")

    @property
    def lone_request(self) -> DataSet:
        """The request, if there is exactly one."""
        return self.request if len(self.every_request) == 1 else {}

    @property
    def every_request(self) -> list["Workitem"]:
        """This workitem once for each of its requests."""
        if self._others is None:
            count = len(items(self.root, _REQUESTS))
            self._others = [Workitem(self.root, number) for number in range(1, count)]
        return [self, *self._others]

    def moment(self, value: str, asking: Asking) -> str:
        """A DT of this workitem as 20 digits in the zone of the query, "" if it is none."""
        if not value:
            return ""
        known = (value, asking.zone, asking.upstream)
        found = self._moments.get(known)
        if found is None:
            if len(self._moments) >= _MOST_MOMENTS:
                self._moments.clear()
            found = self._moments[known] = _moment(self.root, value, asking)
        return found

    @property
    def mark(self) -> str:
        """What tells this workitem from all others: its UID, else all that it says."""
        if self._mark is None:
            self._mark = self.uid or json.dumps(self.root, sort_keys=True)
        return self._mark

    @property
    def study_mark(self) -> str:
        """What a study may be named by if the server does not: "" if nothing would last."""
        if self.uid:
            return self.uid
        orders = [first(self.request, tag) or first(self.root, tag) for tag in _ORDER]
        orders = orders if any(orders) else [first(self.step, _STEP_ID)]
        return "|".join([first(self.root, _PATIENT_ID), *orders]) if any(orders) else ""


def _moment(root: DataSet, value: str, asking: Asking) -> str:
    read = read_moment(value)
    if not read:
        return ""
    moment, offset = read
    origin = zone_of(offset) or zone_of(first(root, _OFFSET)) or asking.upstream
    return moved(moment, origin, asking.zone)


def derived_step_id(mark: str) -> str:
    """Sixteen characters that stay the same for a workitem (SH)."""
    digest = hashlib.blake2s(mark.encode("utf-8", "backslashreplace")).digest()
    return base64.b32encode(digest[:10]).decode("ascii")


def derived_study_uid(mark: str) -> str:
    """A UID by PS3.5 B.2 that stays the same for a workitem."""
    name = mark.encode("utf-8", "backslashreplace").decode("ascii", "backslashreplace")
    return f"2.25.{uuid.uuid5(STUDY_SPACE, name).int}"
