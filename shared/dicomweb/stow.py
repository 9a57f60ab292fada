"""The Store Instances Response (PS3.18 Annex I), in JSON or XML, as real servers write it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.dicomweb.native import DataSet, data_set

REFERENCED_SOP_SEQUENCE = "00081199"
FAILED_SOP_SEQUENCE = "00081198"
OTHER_FAILURES_SEQUENCE = "0008119A"
REFERENCED_SOP_INSTANCE_UID = "00081155"
WARNING_REASON = "00081196"
FAILURE_REASON = "00081197"
FAILURE_DETAIL = "00090097"  # private, Google's: the cause in words

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)
UTF8_MARK = b"\xef\xbb\xbf"
PADDING = " \0"  # of UIDs: PS3.5 6.2 says NUL, some send spaces


@dataclass(frozen=True, slots=True)
class Failure:
    reason: int | None
    detail: str = ""  # the server's words, which may name a patient: to be searched, never shown


@dataclass(frozen=True, slots=True)
class StoreResponse:
    stored: dict[str, int | None] = field(default_factory=dict)  # SOP Instance UID: Warning Reason
    failed: dict[str, Failure] = field(default_factory=dict)
    nameless: list[Failure] = field(default_factory=list)  # failures that name no instance
    empty: bool = False  # no attribute at all


def store_response(body: bytes) -> StoreResponse | None:
    """None: the body is no Store Instances Response (an error page, another JSON, nothing at all).

    What the body is shows in its first byte; Content-Type is often missing and sometimes wrong.
    """
    body = body.removeprefix(UTF8_MARK).strip(b" \t\r\n\0")
    try:
        found = data_set(body) if body.startswith(b"<") else _json(body)
    except (ValueError, RecursionError):  # JSONDecodeError, UnicodeDecodeError and NotNative too
        return None
    return _read(found) if found is not None else None


def is_web_page(body: bytes, content_type: str) -> bool:
    """A login page or a captive portal where a Store Instances Response should be."""
    return content_type.lower().startswith("text/html") or bool(_HTML.match(body))


def _json(body: bytes) -> DataSet | None:
    found: Any = json.loads(body)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        return None
    if found and not any(_TAG.fullmatch(key) for key in found):
        return None  # such as {"error": ...}, Google's own error object
    return found


def _read(found: DataSet) -> StoreResponse:
    response = StoreResponse(empty=not found)
    for item in _items(found, REFERENCED_SOP_SEQUENCE):
        if uid := _text(item, REFERENCED_SOP_INSTANCE_UID):
            response.stored[uid] = _number(item, WARNING_REASON)
    for sequence in (FAILED_SOP_SEQUENCE, OTHER_FAILURES_SEQUENCE):
        for item in _items(found, sequence):
            failure = Failure(_number(item, FAILURE_REASON), _text(item, FAILURE_DETAIL))
            if uid := _text(item, REFERENCED_SOP_INSTANCE_UID):
                response.failed[uid] = failure
            else:
                response.nameless.append(failure)
    return response


def _values(item: DataSet, tag: str) -> list[Any]:
    element = item.get(tag) or item.get(tag.lower())
    values = element.get("Value") if isinstance(element, dict) else element
    return values if isinstance(values, list) else []


def _items(found: DataSet, tag: str) -> Iterator[DataSet]:
    return (value for value in _values(found, tag) if isinstance(value, dict))


def _text(item: DataSet, tag: str) -> str:
    values = _values(item, tag)
    return str(values[0]).strip(PADDING) if values else ""


def _number(item: DataSet, tag: str) -> int | None:
    """US, though some write it as text (Orthanc), as a float or in hexadecimal."""
    text = _text(item, tag)
    try:
        return int(text, 16) if text.lower().startswith("0x") else int(float(text))
    except (ValueError, OverflowError):
        return None
