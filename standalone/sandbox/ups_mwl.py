"""Workitems in the form of worklist items: as PS3.18 chapter 14 gives them, and as the old Google
service did.
"""

from typing import Any

DataSet = dict[str, Any]

REQUEST, STEPS, START = "0040A370", "00400100", "00404005"
# What the old Google service had in Referenced Request Sequence; the rest was in the root.
GOOGLE_REQUEST = frozenset(
    {"00080050", "00080090", "0020000D", "00321032", "00321060", "00401001"}
)  # fmt: skip
ROOT_ONLY = frozenset(
    {"00080016", "00404005", "00404011", "00404018", "00404025", "00404026", "00404027",
     "00404034", REQUEST, "00741000", "00741200", "00741202", "00741204"}
)  # fmt: skip


def as_worklist_item(workitem: DataSet) -> DataSet:
    root, request, step = _parts(workitem)
    start = _first(workitem, START)
    if start:
        step["00400002"] = {"vr": "DA", "Value": [start[:8]]}
        if start[8:14]:
            step["00400003"] = {"vr": "TM", "Value": [start[8:14]]}
    return {**root, **request, STEPS: {"vr": "SQ", "Value": [step]}}


def as_google_item(workitem: DataSet) -> DataSet:
    root, request, step = _parts(workitem)
    if START in workitem:
        step[START] = workitem[START]
    moved = {tag: each for tag, each in request.items() if tag in GOOGLE_REQUEST}
    rest = {tag: each for tag, each in request.items() if tag not in GOOGLE_REQUEST}
    found = {**root, **rest, STEPS: {"vr": "SQ", "Value": [step]}}
    return {**found, REQUEST: {"vr": "SQ", "Value": [moved]}} if moved else found


def _parts(workitem: DataSet) -> tuple[DataSet, DataSet, DataSet]:
    requests = (workitem.get(REQUEST) or {}).get("Value") or [{}]
    root = {tag: each for tag, each in workitem.items() if tag not in ROOT_ONLY}
    step = {
        "00080060": _code(workitem, "00404026", "00080100", "CS"),
        "00400001": _code(workitem, "00404025", "00080100", "AE"),
        "00400006": _code(workitem, "00404034", "00404037", "PN"),
        "00400007": workitem.get("00741204"),
        "00400008": workitem.get("00404018"),
        "00400010": _code(workitem, "00404025", "00080104", "SH"),
        "00400011": _code(workitem, "00404027", "00080104", "SH"),
        "00400009": _step_id(workitem),
    }
    return root, dict(requests[0]), {tag: each for tag, each in step.items() if each}


def _step_id(workitem: DataSet) -> DataSet | None:
    uid = _first(workitem, "00080018")
    return {"vr": "SH", "Value": [uid[-16:].lstrip(".")]} if uid else None


def _code(workitem: DataSet, sequence: str, tag: str, vr: str) -> DataSet | None:
    items = (workitem.get(sequence) or {}).get("Value") or [{}]
    attribute = items[0].get(tag)
    return {"vr": vr, "Value": attribute["Value"]} if attribute else None


def _first(workitem: DataSet, tag: str) -> str:
    values = (workitem.get(tag) or {}).get("Value") or [""]
    return str(values[0])
