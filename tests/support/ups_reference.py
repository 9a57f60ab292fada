"""What a worklist query should find, worked out plainly and without the program's own code.

A workitem is turned into two dictionaries of texts, root and step; every key is compared with them.
"""

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from pydicom.dataset import Dataset

DataSet = dict[str, Any]
Entry = dict[str, list[str]]

RRS = "0040A370"
IDENTITY = {
    "PatientName": "00100010",
    "PatientID": "00100020",
    "PatientBirthDate": "00100030",
    "PatientSex": "00100040",
    "MedicalAlerts": "00102000",
    "SOPInstanceUID": "00080018",
}
OF_REQUEST = {
    "AccessionNumber": "00080050",
    "StudyInstanceUID": "0020000D",
    "RequestingPhysician": "00321032",
    "RequestingService": "00321033",
}
NAMES = {"PatientName", "RequestingPhysician", "ScheduledPerformingPhysicianName"}
DATES = {"PatientBirthDate"}
PRIORITIES = {"STAT": "HIGH", "ROUTINE": "MEDIUM"}


def values(data_set: DataSet, tag: str) -> list[str]:
    found = []
    for each in (data_set.get(tag) or {}).get("Value") or []:
        if isinstance(each, dict):
            groups = [each.get(k, "") for k in ("Alphabetic", "Ideographic", "Phonetic")]
            found.append("=".join(groups).rstrip("="))
        else:
            found.append(str(each))
    return [each for each in found if each]


def nested(data_set: DataSet, sequence: str, tag: str) -> list[str]:
    items = (data_set.get(sequence) or {}).get("Value") or []
    return [each for item in items for each in values(item, tag)]


def start_of(item: DataSet) -> dt.datetime | None:
    text = "".join(values(item, "00404005")[:1])
    for pattern, length in (("%Y%m%d%H%M%S", 14), ("%Y%m%d%H%M", 12), ("%Y%m%d", 8)):
        if len(text) == length:
            return dt.datetime.strptime(text, pattern)  # noqa: DTZ007 - a wall clock
    return None


def entry(item: DataSet, *, given: bool) -> tuple[Entry, Entry]:
    """Root and step of a worklist entry. `given`: the server itself gives worklist items."""
    requests = (item.get(RRS) or {}).get("Value") or [{}]
    request = requests[0]
    root = {keyword: values(item, tag) for keyword, tag in IDENTITY.items()}
    root |= {keyword: values(request, tag) for keyword, tag in OF_REQUEST.items()}
    label, meaning = values(item, "00741204"), nested(item, "00404018", "00080104")[:1]
    described = values(request, "00321060")
    [uid] = values(item, "00080018")
    start = start_of(item)
    step = {
        "ScheduledStationAETitle": nested(item, "00404025", "00080100"),
        "Modality": nested(item, "00404026", "00080100"),
        "ScheduledPerformingPhysicianName": nested(item, "00404034", "00404037"),
        "ScheduledProcedureStepDescription": label,
        "ScheduledStationName": nested(item, "00404025", "00080104"),
        "ScheduledProcedureStepStartDate": [f"{start:%Y%m%d}"] if start else [],
        "ScheduledProcedureStepStartTime": [f"{start:%H%M%S}"] if start else [],
    }
    root["RequestedProcedureDescription"] = described
    if not given:
        digest = hashlib.blake2s(uid.encode()).digest()
        step_id = [base64.b32encode(digest).decode()[:16]]
        step["ScheduledProcedureStepDescription"] = label or meaning or described
        step["ScheduledProcedureStepID"] = step_id
        root["RequestedProcedureDescription"] = described or label or meaning
        root["RequestedProcedurePriority"] = values(item, "00741200")
        accession = root["AccessionNumber"]
        root["RequestedProcedureID"] = values(request, "00401001") or accession or step_id
    return root, step


def in_scope(item: DataSet, *, given: bool) -> bool:
    if not values(item, "00100010") or not values(item, "00100020"):
        return False
    if not given and values(item, "00741000") != ["SCHEDULED"]:
        return False
    return start_of(item) is not None


def expected(items: Iterable[DataSet], query: Dataset, *, given: bool = False) -> list[str]:
    """UIDs of the workitems that fit, by start; those of the same start in any order."""
    fitting = [
        (f"{start_of(item):%Y%m%d%H%M%S}", values(item, "00080018")[0])
        for item in items
        if in_scope(item, given=given) and fits(entry(item, given=given), item, query)
    ]
    return [uid for _, uid in sorted(fitting)]


def fits(found: tuple[Entry, Entry], item: DataSet, query: Dataset) -> bool:
    root, step = found
    steps = query.get("ScheduledProcedureStepSequence") or [Dataset()]
    keys = steps[0]
    return (
        starts_fit(item, keys)
        and codes_fit(item, keys.get("ScheduledProtocolCodeSequence"))
        and all(key_fits(each, asked(query[each]), root.get(each, [])) for each in plain(query))
        and all(key_fits(each, asked(keys[each]), step.get(each, [])) for each in plain(keys))
    )


def plain(keys: Dataset) -> list[str]:
    """Keywords of keys that are compared one by one."""
    return [
        each.keyword
        for each in keys
        if each.VR != "SQ"
        and each.keyword != "SpecificCharacterSet"
        and not each.keyword.startswith("ScheduledProcedureStepStart")
    ]


def asked(element: Any) -> list[str]:
    if element.value is None or element.value == "":
        return []
    many = element.VM > 1
    return [str(each) for each in element.value] if many else [str(element.value)]


def codes_fit(item: DataSet, keys: Any) -> bool:
    code = str(keys[0].CodeValue) if keys else ""
    return not code or code in nested(item, "00404018", "00080100")


def key_fits(keyword: str, keys: list[str], found: list[str]) -> bool:
    if not keys or any(set(key) <= {"*"} for key in keys):
        return True
    if keyword in NAMES:
        return any(name_fits(key, value) for key in keys for value in found)
    if keyword in DATES:
        return any(date_fits(key, value) for key in keys for value in found)
    if keyword.endswith("UID"):
        return any(key == value for key in keys for value in found)
    if keyword in {"Modality", "PatientSex", "RequestedProcedurePriority"}:
        keys = [PRIORITIES.get(key.upper(), key.upper()) for key in keys]
    return any(glob(key.strip(), value.strip()) for key in keys for value in found)


def name_fits(key: str, value: str) -> bool:
    key_groups, groups = key.lower().split("="), value.lower().split("=")
    if len(key_groups) == 1:
        return any(group_fits(key_groups[0], group) for group in groups if group)
    groups += [""] * len(key_groups)
    return all(
        not each or group_fits(each, group) for each, group in zip(key_groups, groups, strict=False)
    )


def group_fits(key: str, group: str) -> bool:
    key, group = key.rstrip("^"), group.rstrip("^")
    if "*" in key or "?" in key:
        return glob(key, group)
    return group == key or group.startswith(key + "^")


def glob(key: str, value: str) -> bool:
    """By hand: no regular expressions."""
    if not key:
        return not value
    if key[0] == "*":
        return any(glob(key[1:], value[at:]) for at in range(len(value) + 1))
    return bool(value) and key[0] in {"?", value[0]} and glob(key[1:], value[1:])


def date_fits(key: str, value: str) -> bool:
    if "-" not in key:
        return key == value
    first, last = key.split("-")
    return (not first or first <= value) and (not last or value <= last)


def starts_fit(item: DataSet, keys: Dataset) -> bool:
    date = str(keys.get("ScheduledProcedureStepStartDate") or "")
    time = str(keys.get("ScheduledProcedureStepStartTime") or "")
    date, time = ("" if each == "*" else each for each in (date, time))
    start = start_of(item)
    if not date and not time:
        return True
    if start is None:
        return False
    day, clock = f"{start:%Y%m%d}", f"{start:%H%M%S}"
    first, dash, last = date.partition("-")
    if not dash or first == last or (time and "-" not in time):
        return (not date or date_fits(date, day)) and (not time or clock_fits(time, clock))
    earliest, latest = time.split("-") if time else ("", "")
    moment = day + clock
    return (not first or moment >= first + earliest.ljust(6, "0")) and (
        not last or moment <= last + full(latest or "235959")
    )


def clock_fits(key: str, clock: str) -> bool:
    if "-" not in key:
        return clock.startswith(key)
    first, last = key.split("-")
    after = clock >= first.ljust(6, "0")
    before = clock <= full(last) if last else True
    if first and last and first.ljust(6, "0") > full(last):
        return after or before
    return after and before


def full(time: str) -> str:
    return time + "235959"[len(time) :]
