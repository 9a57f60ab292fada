"""Workitems in DICOM JSON for tests."""

import copy
from typing import Any

DataSet = dict[str, Any]

# The workitem of the mapping vectors.
YAMADA: DataSet = {
    "00080018": {"vr": "UI", "Value": ["1.2.826.1.9"]},
    "00100010": {
        "vr": "PN",
        "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}],
    },
    "00100020": {"vr": "LO", "Value": ["P1"]},
    "00100030": {"vr": "DA"},
    "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
    "00741204": {"vr": "LO", "Value": ["CT head plain"]},
    "00404005": {"vr": "DT", "Value": ["20240105103000"]},
    "00404025": {
        "vr": "SQ",
        "Value": [
            {
                "00080100": {"vr": "SH", "Value": ["CT01"]},
                "00080102": {"vr": "SH", "Value": ["99X"]},
                "00080104": {"vr": "LO", "Value": ["CT scanner 1"]},
            }
        ],
    },
    "00404026": {
        "vr": "SQ",
        "Value": [
            {
                "00080100": {"vr": "SH", "Value": ["CT"]},
                "00080102": {"vr": "SH", "Value": ["DCM"]},
                "00080104": {"vr": "LO", "Value": ["Computed Tomography"]},
            }
        ],
    },
    "0040A370": {
        "vr": "SQ",
        "Value": [
            {
                "0020000D": {"vr": "UI", "Value": ["1.2.826.2.1"]},
                "00080050": {"vr": "SH", "Value": ["A77"]},
                "00401001": {"vr": "SH", "Value": ["RP77"]},
            }
        ],
    },
}


def yamada(**changes: Any) -> DataSet:
    """The workitem with other attributes, by tag as t00100020=...; None takes one away."""
    item = copy.deepcopy(YAMADA)
    for name, attribute in changes.items():
        tag = name.removeprefix("t")
        if attribute is None:
            item.pop(tag, None)
        else:
            item[tag] = attribute
    return item


def value(vr: str, *values: Any) -> DataSet:
    return {"vr": vr, "Value": list(values)}


def many(count: int) -> list[DataSet]:
    """Workitems of as many patients, a minute apart."""
    return [
        yamada(
            t00080018=value("UI", f"1.2.826.1.{number}"),
            t00100020=value("LO", f"P{number}"),
            t00404005=value("DT", f"20240105{number // 60 % 24:02}{number % 60:02}00"),
        )
        for number in range(1, count + 1)
    ]
