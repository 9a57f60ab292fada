"""Worklist items, each as a file for DCMTK and Orthanc and as a UPS workitem for the proxy."""

import json
import struct
from pathlib import Path
from typing import Any

from bench.instances import element, part_10

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"
UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
FOLDER = "BENCH"  # the AE title called, by which wlmscpfs finds its folder
STATION, MODALITY, DATE = "CT1", "CT", "20260102"
ITEM = 0xFFFE, 0xE000


def accession(number: int) -> str:
    return f"A{number:05}"


def uid(number: int, what: int) -> str:
    return f"2.25.{what}{number:038}"


def time_of(number: int) -> str:
    return f"{number % 24:02}{number % 60:02}00"


def item(*elements: bytes) -> bytes:
    """A sequence item of known length (PS3.5 7.5)."""
    body = b"".join(elements)
    return struct.pack("<HHI", *ITEM, len(body)) + body


def worklist_file(number: int) -> bytes:
    """A Part 10 file as wlmscpfs reads it, in Explicit VR Little Endian."""
    return part_10(MODALITY_WORKLIST, uid(number, 3).encode(), _worklist_data_set(number))


def _worklist_data_set(number: int) -> bytes:
    step = item(
        element(0x0008, 0x0060, b"CS", MODALITY.encode()),
        element(0x0040, 0x0001, b"AE", STATION.encode()),
        element(0x0040, 0x0002, b"DA", DATE.encode()),
        element(0x0040, 0x0003, b"TM", time_of(number).encode()),
        element(0x0040, 0x0006, b"PN", b"Performing^Physician"),
        element(0x0040, 0x0007, b"LO", b"CT ABDOMEN"),
        element(0x0040, 0x0009, b"SH", f"SPS{number:05}".encode()),
        element(0x0040, 0x0010, b"SH", b"CTROOM"),
        element(0x0040, 0x0011, b"SH", b"R1"),
    )
    return b"".join(
        (
            element(0x0008, 0x0005, b"CS", b"ISO_IR 192"),
            element(0x0008, 0x0050, b"SH", accession(number).encode()),
            element(0x0008, 0x0090, b"PN", b"Referring^Physician"),
            element(0x0010, 0x0010, b"PN", f"Bench^Item{number:05}".encode()),
            element(0x0010, 0x0020, b"LO", f"P{number:05}".encode()),
            element(0x0010, 0x0030, b"DA", b"19700101"),
            element(0x0010, 0x0040, b"CS", b"O"),
            element(0x0020, 0x000D, b"UI", uid(number, 1).encode()),
            element(0x0032, 0x1032, b"PN", b"Requesting^Physician"),
            element(0x0032, 0x1060, b"LO", b"CT ABDOMEN"),
            element(0x0040, 0x0100, b"SQ", step),
            element(0x0040, 0x1001, b"SH", f"RP{number:05}".encode()),
            element(0x0040, 0x1003, b"SH", b"MEDIUM"),
        )
    )


def write_files(folder: Path, count: int) -> Path:
    """The files of a worklist, in the folder that wlmscpfs and Orthanc are given."""
    items = folder / FOLDER
    items.mkdir(parents=True)
    (items / "lockfile").touch()  # wlmscpfs wants one
    for number in range(count):
        (items / f"{number:05}.wl").write_bytes(worklist_file(number))
    return folder


def identifier(one: int | None = None) -> bytes:
    """What a modality asks for: its own steps of a day, all or the one of an accession number."""
    step = item(
        element(0x0008, 0x0060, b"CS", MODALITY.encode()),
        element(0x0040, 0x0001, b"AE", STATION.encode()),
        element(0x0040, 0x0002, b"DA", DATE.encode()),
        element(0x0040, 0x0003, b"TM", b""),
        element(0x0040, 0x0007, b"LO", b""),
        element(0x0040, 0x0009, b"SH", b""),
    )
    asked = b"" if one is None else accession(one).encode()
    return b"".join(
        (
            element(0x0008, 0x0005, b"CS", b"ISO_IR 192"),
            element(0x0008, 0x0050, b"SH", asked),
            element(0x0010, 0x0010, b"PN", b""),
            element(0x0010, 0x0020, b"LO", b""),
            element(0x0010, 0x0030, b"DA", b""),
            element(0x0010, 0x0040, b"CS", b""),
            element(0x0020, 0x000D, b"UI", b""),
            element(0x0032, 0x1060, b"LO", b""),
            element(0x0040, 0x0100, b"SQ", step),
            element(0x0040, 0x1001, b"SH", b""),
        )
    )


def workitem(number: int) -> dict[str, Any]:
    """The same item as a UPS, DICOM JSON (PS3.18 Annex F)."""

    def code(value: str) -> dict[str, Any]:
        return _sequence({"00080100": _value("SH", value), "00080102": _value("SH", "99BENCH")})

    request = {
        "00080050": _value("SH", accession(number)),
        "00080090": _name("Referring^Physician"),
        "0020000D": _value("UI", uid(number, 1)),
        "00321032": _name("Requesting^Physician"),
        "00321060": _value("LO", "CT ABDOMEN"),
        "00401001": _value("SH", f"RP{number:05}"),
    }
    return {
        "00080005": _value("CS", "ISO_IR 192"),
        "00080016": _value("UI", UPS_PUSH),
        "00080018": _value("UI", uid(number, 2)),
        "00100010": _name(f"Bench^Item{number:05}"),
        "00100020": _value("LO", f"P{number:05}"),
        "00100030": _value("DA", "19700101"),
        "00100040": _value("CS", "O"),
        "00404005": _value("DT", DATE + time_of(number)),
        "00404025": code(STATION),
        "00404026": code(MODALITY),
        "00404034": _sequence({"00404037": _name("Performing^Physician")}),
        "0040A370": _sequence(request),
        "00741000": _value("CS", "SCHEDULED"),
        "00741200": _value("CS", "MEDIUM"),
        "00741204": _value("LO", "CT ABDOMEN"),
    }


def _value(vr: str, value: str) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def _name(value: str) -> dict[str, Any]:
    return {"vr": "PN", "Value": [{"Alphabetic": value}]}


def _sequence(content: dict[str, Any]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": [content]}


def encoded(numbers: range) -> bytes:
    return json.dumps([workitem(number) for number in numbers], separators=(",", ":")).encode()
