"""A worklist to try things with: a dozen steps around a day, of patients who do not exist."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

ROOT_UID = "1.2.826.0.1.3680043.10.1596.4.1"  # with a number: of the sample's workitems
STUDY_UID = "1.2.826.0.1.3680043.10.1596.4.2"

STATIONS = {
    "CT01": ("CT", "CT scanner 1", "Radiology, ground floor"),
    "CT02": ("CT", "CT scanner 2", "Emergency"),
    "MR01": ("MR", "MR scanner", "Radiology, basement"),
    "US01": ("US", "Ultrasound 1", "Outpatients"),
    "XR01": ("DX", "X-ray room 1", "Radiology, ground floor"),
    "MG01": ("MG", "Mammography", "Outpatients"),
}


class Step(NamedTuple):
    name: dict[str, str]
    patient: str
    born: str
    sex: str
    station: str
    day: int  # from today
    time: str
    label: str
    code: str
    priority: str = "MEDIUM"


def _name(alphabetic: str, ideographic: str = "", phonetic: str = "") -> dict[str, str]:
    groups = {"Alphabetic": alphabetic, "Ideographic": ideographic, "Phonetic": phonetic}
    return {key: value for key, value in groups.items() if value}


STEPS = (
    Step(_name("DOE^JANE"), "SBX0001", "19710304", "F", "CT01", 0, "0830", "CT head plain", "CTHP"),
    Step(_name("DOE^JOHN"), "SBX0002", "19680519", "M", "CT01", 0, "0915", "CT chest", "CTCH"),
    Step(_name("MUELLER^HANS"), "SBX0003", "19550101", "M", "CT02", 0, "1000", "CT abdomen", "CTAB",
         "HIGH"),
    Step(_name("Müller^Jürgen"), "SBX0004", "19820630", "M", "MR01", 0, "1045", "MR knee left",
         "MRKL"),
    Step(_name("Yamada^Tarou", "山田^太郎", "やまだ^たろう"), "SBX0005", "19450715", "M", "MR01",
         0, "1130", "MR brain", "MRBR"),
    Step(_name("Wang^XiaoDong", "王^小东"), "SBX0006", "19901212", "M", "US01", 0, "1300",
         "US abdomen", "USAB"),
    Step(_name("Hong^Gildong", "洪^吉洞", "홍^길동"), "SBX0007", "19770707", "M", "XR01", 0,
         "1400", "Chest PA", "XRCH"),
    Step(_name("GARCÍA^MARÍA JOSÉ"), "SBX0008", "19631104", "F", "MG01", 0, "1530",
         "Mammography screening", "MGSC", "LOW"),
    Step(_name("SMITH^ANNA^^DR"), "SBX0009", "19991231", "F", "US01", 1, "0800", "US thyroid",
         "USTH"),
    Step(_name("SMITHERS^PAUL"), "SBX0010", "20150816", "M", "XR01", 1, "0900", "Wrist right",
         "XRWR"),
    Step(_name("LARSEN^KÅRE"), "SBX0011", "19501010", "M", "CT01", 2, "1100", "CT spine", "CTSP"),
    Step(_name("ROSSI^CHIARA"), "SBX0012", "19880229", "F", "MR01", -1, "1600", "MR breast",
         "MRBT"),
)  # fmt: skip


def sample_worklist(today: date) -> list[dict[str, Any]]:
    """Workitems in DICOM JSON; UIDs are the same every day, dates move with the day."""
    return [_workitem(number, step, today) for number, step in enumerate(STEPS, 1)]


def _workitem(number: int, step: Step, today: date) -> dict[str, Any]:
    modality, station_name, location = STATIONS[step.station]
    day = today + timedelta(days=step.day)
    start = f"{day:%Y%m%d}{step.time}00"
    end = datetime.strptime(start, "%Y%m%d%H%M%S") + timedelta(minutes=30)  # noqa: DTZ007
    request = {
        "00080050": _value("SH", f"ACC{number:04}"),
        "00080090": _value("PN", {"Alphabetic": "REFERRER^RITA"}),
        "0020000D": _value("UI", f"{STUDY_UID}.{number}"),
        "00321032": _value("PN", {"Alphabetic": "ORDERER^OTTO"}),
        "00321060": _value("LO", step.label),
        "00321064": _code(step.code, "99SBX", step.label),
        "00401001": _value("SH", f"RP{number:04}"),
    }
    performer = {"00404037": _value("PN", {"Alphabetic": "READER^RUTH"})}
    return {
        "00080016": _value("UI", "1.2.840.10008.5.1.4.34.6.1"),
        "00080018": _value("UI", f"{ROOT_UID}.{number}"),
        "00100010": _value("PN", step.name),
        "00100020": _value("LO", step.patient),
        "00100030": _value("DA", step.born),
        "00100040": _value("CS", step.sex),
        "00404005": _value("DT", start),
        "00404011": _value("DT", f"{end:%Y%m%d%H%M%S}"),
        "00404018": _code(step.code, "99SBX", step.label),
        "00404025": _code(step.station, "99SBX", station_name),
        "00404026": _code(modality, "DCM", station_name),
        "00404027": _code(step.station, "99SBX", location),
        "00404034": {"vr": "SQ", "Value": [performer]},
        "0040A370": {"vr": "SQ", "Value": [request]},
        "00741000": _value("CS", "SCHEDULED"),
        "00741200": _value("CS", step.priority),
        "00741202": _value("LO", "SCAN"),
        "00741204": _value("LO", step.label),
    }


def _value(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def _code(value: str, scheme: str, meaning: str) -> dict[str, Any]:
    item = {"00080100": _value("SH", value), "00080102": _value("SH", scheme)}
    return {"vr": "SQ", "Value": [{**item, "00080104": _value("LO", meaning)}]}
