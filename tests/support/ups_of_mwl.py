"""Worklist items of files as workitems, by hand: for comparing with servers that read files."""

from typing import Any

from pydicom.dataset import Dataset

DataSet = dict[str, Any]


def as_json(item: Dataset) -> DataSet:
    found: DataSet = item.to_json_dict()
    found.pop("00080005", None)
    return found


def as_workitem(item: Dataset, number: int) -> DataSet:
    step = item.ScheduledProcedureStepSequence[0]
    root = as_json(item)
    root.pop("00400100", None)
    stations = step.ScheduledStationAETitle
    titles = [stations] if isinstance(stations, str) else list(stations)
    start = f"{step.ScheduledProcedureStepStartDate}{step.ScheduledProcedureStepStartTime}"
    request = {
        tag: root.pop(tag)
        for tag in ("00080050", "0020000D", "00321032", "00321060", "00401001")
        if tag in root
    }
    priority = root.pop("00401003", None)
    found = {
        **root,
        "00080018": {"vr": "UI", "Value": [f"1.2.826.7.{number}"]},
        "00404005": {"vr": "DT", "Value": [start]},
        "00404025": {"vr": "SQ", "Value": [_code(title) for title in titles]},
        "00404026": {"vr": "SQ", "Value": [_code(step.Modality)]},
        "00404034": {"vr": "SQ", "Value": [{"00404037": as_json(step)["00400006"]}]},
        "0040A370": {"vr": "SQ", "Value": [request]},
        "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        "00741204": as_json(step)["00400007"],
    }
    return {**found, "00741200": priority} if priority else found


def _code(value: str) -> DataSet:
    return {"00080100": {"vr": "SH", "Value": [value]}}
