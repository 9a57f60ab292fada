"""Search transaction of the Studies service (PS3.18 10.6): is this instance there?"""

from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from shared.dicomweb.faults import fault_of, faults
from shared.errors import Unavailable

JSON = "application/dicom+json"
SOP_INSTANCE_UID = "00080018"


class Place(NamedTuple):
    """Where PS3.18 10.1 puts an instance."""

    study: str
    series: str
    instance: str

    def series_instances(self, studies_uri: str) -> str:
        return f"{studies_uri}/{_segment(self.study)}/series/{_segment(self.series)}/instances"

    def uri(self, studies_uri: str) -> str:
        return f"{self.series_instances(studies_uri)}/{_segment(self.instance)}"


def _segment(uid: str) -> str:
    return quote(uid, safe="")


def holds(client: httpx.Client, studies_uri: str, place: Place) -> bool | None:
    """None: the origin server does not search, or its answer settles nothing."""
    with faults():
        response = client.get(
            place.series_instances(studies_uri),
            params={"SOPInstanceUID": place.instance},
            headers={"Accept": JSON, "Cache-Control": "no-cache"},
        )
    fault = fault_of(response)
    if isinstance(fault, Unavailable):  # else: we may store here and not search
        raise fault
    if response.status_code == httpx.codes.NO_CONTENT:
        return False
    return _named(response, place.instance) if response.status_code == httpx.codes.OK else None


def _named(response: httpx.Response, uid: str) -> bool | None:
    try:
        found: Any = response.json()
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list):
        return None
    if any(_uid(item) == uid for item in found):
        return True
    return None if found else False  # others only: it ignored the key, and may not have sent all


def _uid(item: Any) -> str:
    try:
        return str(item[SOP_INSTANCE_UID]["Value"][0]).strip(" \0")
    except (KeyError, IndexError, TypeError):
        return ""
