"""DICOM JSON as Native DICOM Model (PS3.19 A.1), in multipart/related."""

from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import keyword_for_tag

BOUNDARY = "worklist-boundary"
CONTENT_TYPE = f'multipart/related; type="application/dicom+xml"; boundary={BOUNDARY}'
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")


def multipart(data_sets: Iterable[dict[str, Any]]) -> bytes:
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: application/dicom+xml\r\n\r\n{native(each)}\r\n"
        for each in data_sets
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode("utf-8")


def native(data_set: dict[str, Any]) -> str:
    content = "".join(_attributes(data_set))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return (
        f'{head}<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" '
        f'xml:space="preserve">{content}</NativeDicomModel>'
    )


def _attributes(data_set: dict[str, Any]) -> Iterator[str]:
    for tag, attribute in data_set.items():
        named = f' keyword="{keyword}"' if (keyword := keyword_for_tag(int(tag, 16))) else ""
        values = "".join(
            _value(number, each) for number, each in enumerate(attribute.get("Value") or [], 1)
        )
        vr = quoteattr(attribute["vr"])
        yield f'<DicomAttribute tag="{tag}" vr={vr}{named}>{values}</DicomAttribute>'


def _value(number: int, value: Any) -> str:
    if not isinstance(value, dict):
        return f'<Value number="{number}">{escape(str(value))}</Value>'
    if not value.keys() <= {"Alphabetic", "Ideographic", "Phonetic"}:
        return f'<Item number="{number}">{"".join(_attributes(value))}</Item>'
    groups = "".join(f"<{group}>{_group(text)}</{group}>" for group, text in value.items())
    return f'<PersonName number="{number}">{groups}</PersonName>'


def _group(text: str) -> str:
    parts = zip(_COMPONENTS, text.split("^"), strict=False)
    return "".join(f"<{name}>{escape(part)}</{name}>" for name, part in parts if part)
