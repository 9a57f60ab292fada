"""Made-up worklists and queries whose values meet often enough to match."""

import random
from typing import Any

from pydicom.dataset import Dataset

DataSet = dict[str, Any]

NAMES = [
    {"Alphabetic": "DOE^JANE"},
    {"Alphabetic": "Doe^John"},
    {"Alphabetic": "DOE"},
    {"Alphabetic": "MÜLLER^JÜRGEN^^DR"},
    {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"},
    {"Ideographic": "山本^花子"},
    {"Alphabetic": "O'Brien^Mary Ann"},
    {"Alphabetic": "SMITH^A"},
    {"Alphabetic": "SMITHERS^B"},
]
NAME_KEYS = [
    "", "*", "DOE", "doe", "DOE*", "D?E*", "doe^j*", "DOE^JANE", "SMITH", "SMITH*", "SM*^B", "*A",
    "=山*", "山田", "山本^花子", "Yamada^Tarou=山田*", "müller", "M?LLER*", "O'BRIEN", "NOBODY",
    "SMI", "DOE^", "*^*",
]  # fmt: skip
IDS = ["P1", "P2", "P10", "p1", "X-77", "A B"]
ID_KEYS = ["", "*", "P1", "P*", "P?", "p1", "X-77", "A B", "*1*", "NONE"]
STATIONS, STATION_KEYS = ["CT01", "CT02", "MR01"], ["", "*", "CT01", "CT0?", "CT*", "US01", "ct01"]
MODALITIES = ["CT", "MR", "US"]
MODALITY_KEYS = ["", "*", "CT", "ct", "MR", "C*", "DX", ["CT", "MR"]]
DAYS = ["20240104", "20240105", "20240106", "20240107"]
TIMES = ["", "0000", "030000", "0959", "100000", "103015", "1200", "220000", "235959"]
DATE_KEYS = [
    "", "*", "20240105", "20240105-20240106", "20240105-", "-20240105", "20240104-20240107",
    "20240105-20240105", "20250101", "20240107-20240104",
]  # fmt: skip
TIME_KEYS = ["", "*", "10", "1000", "0900-1200", "100000-", "-1030", "2200-0300", "103015"]
LABELS, LABEL_KEYS = ["CT head", "MR knee", "ct head"], ["", "CT*", "CT head", "* knee", "MR"]
ACCESSIONS, UIDS = ["A1", "A2", "A10"], ["1.2.3", "1.2.4", "1.2.3.4"]
STATES = ["SCHEDULED"] * 8 + ["IN PROGRESS", "COMPLETED", "CANCELED"]
BORN = ["19700101", "19800229", "20150816"]
BORN_KEYS = ["", "19700101", "19700101-19800301", "-19701231", "19900101-"]
CODES = ["CTHP", "MRKN"]


def value(vr: str, *values: Any) -> DataSet:
    return {"vr": vr, "Value": list(values)}


def code(text: str, meaning: str = "") -> DataSet:
    item = {"00080100": value("SH", text)}
    if meaning:
        item["00080104"] = value("LO", meaning)
    return value("SQ", item)


class Generator:
    """`given`: for servers that give worklist items, which have no state and every identifier."""

    def __init__(self, seed: str, *, given: bool = False) -> None:
        self._random = random.Random(seed)
        self._given = given

    def worklist(self) -> list[DataSet]:
        return [self._workitem(number) for number in range(self._random.randint(0, 24))]

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _workitem(self, number: int) -> DataSet:
        pick = self._random.choice
        item = {"00080018": value("UI", f"1.2.826.9.{number}.{self._random.randint(1, 9999)}")}
        item["00741000"] = value("CS", "SCHEDULED" if self._given else pick(STATES))
        optional = {
            "00100010": (0.97, lambda: value("PN", pick(NAMES))),
            "00100020": (0.97, lambda: value("LO", pick(IDS))),
            "00100030": (0.8, lambda: value("DA", pick(BORN))),
            "00100040": (0.8, lambda: value("CS", pick(["M", "F", "O"]))),
            "00102000": (0.3, lambda: value("LO", pick(["LATEX", "NONE KNOWN"]))),
            "00404005": (0.95, lambda: value("DT", self._start())),
            "00404018": (0.6, lambda: code(pick(CODES), pick(["CT head", "MR knee"]))),
            "00404025": (0.9, lambda: code(pick(STATIONS), pick(["", "Scanner"]))),
            "00404026": (0.9, lambda: code(pick(MODALITIES))),
            "00404034": (0.5, lambda: value("SQ", {"00404037": value("PN", pick(NAMES))})),
            "0040A370": (0.9, lambda: value("SQ", self._request())),
            "00741200": (0.7, lambda: value("CS", pick(["HIGH", "MEDIUM", "LOW"]))),
            "00741204": (0.7, lambda: value("LO", pick(LABELS))),
        }
        for tag, (chance, make) in optional.items():
            if self._maybe(1.0 if self._given and tag in {"0040A370", "00404005"} else chance):
                item[tag] = make()
        return item

    def _start(self) -> str:
        # The prototype's dialect has a time only if it has seconds.
        times = [each for each in TIMES if len(each) == 6] if self._given else TIMES
        return self._random.choice(DAYS) + self._random.choice(times)

    def _request(self) -> DataSet:
        pick, request = self._random.choice, {}
        always = self._given
        if always or self._maybe(0.9):
            request["00080050"] = value("SH", pick(ACCESSIONS))
        if always or self._maybe(0.8):
            request["0020000D"] = value("UI", pick(UIDS))
        if always or self._maybe(0.7):
            request["00401001"] = value("SH", pick(["RP1", "RP2"]))
        if self._maybe(0.5):
            request["00321032"] = value("PN", pick(NAMES))
        if self._maybe(0.5):
            request["00321033"] = value("LO", pick(["RADIOLOGY", "SURGERY"]))
        if self._maybe(0.5):
            request["00321060"] = value("LO", pick(LABELS))
        return request

    def query(self) -> Dataset:
        pick = self._random.choice
        identifier = Dataset()
        identifier.SpecificCharacterSet = "ISO_IR 192"
        identifier.SOPInstanceUID = ""
        identifier.PatientName = pick(NAME_KEYS) if self._maybe(0.4) else ""
        identifier.PatientID = pick(ID_KEYS) if self._maybe(0.3) else ""
        root: list[tuple[str, float, list[Any]]] = [
            ("PatientBirthDate", 0.2, BORN_KEYS),
            ("PatientSex", 0.2, ["", "M", "f", "O"]),
            ("MedicalAlerts", 0.1, ["", "LATEX", "L*"]),
            ("AccessionNumber", 0.2, ["", "A1", "A*", "A2"]),
            ("StudyInstanceUID", 0.2, ["", "1.2.3", ["1.2.4", "1.2.3.4"]]),
            ("RequestingPhysician", 0.1, NAME_KEYS),
            ("RequestingService", 0.1, ["", "RADIOLOGY", "SURG*"]),
            *self._standard_only(),
        ]
        for keyword, chance, keys in root:
            if self._maybe(chance):
                setattr(identifier, keyword, pick(keys))
        if self._maybe(0.9):
            identifier.ScheduledProcedureStepSequence = [self._step()]
        return identifier

    def _standard_only(self) -> list[tuple[str, float, list[Any]]]:
        if self._given:
            return []
        return [
            ("RequestedProcedureDescription", 0.1, LABEL_KEYS),
            ("RequestedProcedureID", 0.1, ["", "RP1", "A1", "RP*"]),
            ("RequestedProcedurePriority", 0.1, ["", "HIGH", "STAT", "ROUTINE", "LOW"]),
        ]

    def _step(self) -> Dataset:
        pick, step = self._random.choice, Dataset()
        keys_of_step: list[tuple[str, float, list[Any]]] = [
            ("ScheduledStationAETitle", 0.4, STATION_KEYS),
            ("Modality", 0.4, MODALITY_KEYS),
            ("ScheduledProcedureStepStartDate", 0.6, DATE_KEYS),
            ("ScheduledProcedureStepStartTime", 0.4, TIME_KEYS),
            ("ScheduledPerformingPhysicianName", 0.15, NAME_KEYS),
            ("ScheduledProcedureStepDescription", 0.2, LABEL_KEYS),
            ("ScheduledStationName", 0.1, ["", "Scanner", "S*"]),
        ]
        for keyword, chance, keys in keys_of_step:
            if self._maybe(chance):
                setattr(step, keyword, pick(keys))
        if self._maybe(0.15):
            protocol = Dataset()
            protocol.CodeValue = pick(["", *CODES, "OTHER"])
            protocol.CodeMeaning = ""
            step.ScheduledProtocolCodeSequence = [protocol]
        return step
