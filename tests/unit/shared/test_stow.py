"""Store Instances Responses as servers write them, and what is none."""

import json
from typing import Any

import pytest

from shared.dicomweb.stow import Failure, is_web_page, store_response

STORED = {"00081155": {"vr": "UI", "Value": ["1.2"]}}


def failed(reason: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"00081155": {"vr": "UI", "Value": ["1.3"]}}
    if reason is not ...:
        item["00081197"] = {"vr": "US", "Value": [reason]}
    return item


def response(**sequences: Any) -> bytes:
    return json.dumps({tag[1:]: value for tag, value in sequences.items()}).encode()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (272, 272),
        ("272", 272),
        ("272 ", 272),
        ("0xA700", 0xA700),
        (272.0, 272),
        (..., None),
        (None, None),
        ("", None),
        ("nonsense", None),
        ("inf", None),
        (True, None),
    ],
)
def test_a_failure_reason_is_read_in_any_notation(reason: object, expected: int | None) -> None:
    found = store_response(response(_00081198={"vr": "SQ", "Value": [failed(reason)]}))

    assert found is not None
    assert found.failed == {"1.3": Failure(expected)}


@pytest.mark.parametrize(
    "value",
    [
        {"vr": "SQ", "Value": [STORED]},
        [STORED],
        {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2\0"]}}]},
        {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": [" 1.2 "]}}]},
        {"vr": "SQ", "Value": [None, "odd", {}, STORED]},
        {"vr": "SQ", "Value": [{"00081155": {"Value": []}}, {"00081155": {}}, STORED]},
    ],
)
def test_a_stored_instance_is_found_however_it_is_wrapped(value: object) -> None:
    for body in (response(_00081199=value), b"[" + response(_00081199=value) + b"]"):
        found = store_response(b"\xef\xbb\xbf " + body + b"\r\n")

        assert found is not None
        assert found.stored == {"1.2": None}


@pytest.mark.parametrize("value", [{"vr": "SQ"}, {"vr": "SQ", "Value": []}, [], None, "x", 1])
def test_an_empty_sequence_stores_nothing(value: object) -> None:
    found = store_response(response(_00081199=value, _00081190={"vr": "UR"}))

    assert found is not None
    assert not found.stored
    assert not found.empty


def test_only_no_attribute_at_all_is_empty() -> None:
    found = store_response(b"{}")

    assert found is not None
    assert found.empty


def test_a_warning_is_kept() -> None:
    item = {**STORED, "00081196": {"vr": "US", "Value": ["45063"]}}
    found = store_response(response(_00081199={"vr": "SQ", "Value": [item]}))

    assert found is not None
    assert found.stored == {"1.2": 45063}


@pytest.mark.parametrize("sequence", ["_00081198", "_0008119A"])
def test_a_failure_that_names_no_instance_is_kept_apart(sequence: str) -> None:
    item = {"00081197": {"vr": "US", "Value": [49152]}}
    found = store_response(response(**{sequence: {"vr": "SQ", "Value": [item]}}))

    assert found is not None
    assert found.nameless == [Failure(49152)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"42",
        b"[]",
        b"[{}, {}]",
        b'"stored"',
        b"stored",
        b'{"error": {"code": 503}}',
        b'{"00081199": ',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"<html><body>log in</body></html>",
        b"<NativeDicomModel>",
        b"<NativeDicomModel></Other>",
        b"<Other/>",
        b"<" * 1000,
        b"<NativeDicomModel>" + b"<Item>" * 10_000,
    ],
)
def test_what_is_no_store_instances_response_is_none(body: bytes) -> None:
    assert store_response(body) is None


XML = """<?xml version="1.0" encoding="utf-8"?>
<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
  <DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL"><Value number="1">x</Value></DicomAttribute>
  <DicomAttribute tag="00081198" vr="SQ" keyword="FailedSOPSequence">
    <Item number="1">
      <DicomAttribute tag="00081155" vr="UI"><Value number="1">1.3</Value></DicomAttribute>
      <DicomAttribute tag="00081197" vr="US"><Value number="1">272</Value></DicomAttribute>
      <DicomAttribute tag="00090097" vr="LT"><Value number="1">checksum &amp; mismatch</Value></DicomAttribute>
    </Item>
  </DicomAttribute>
  <DicomAttribute tag="00081199" vr="SQ" keyword="ReferencedSOPSequence">
    <Item number="1">
      <DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2</Value></DicomAttribute>
    </Item>
  </DicomAttribute>
</NativeDicomModel>"""  # noqa: E501  # as a server writes it


def test_xml_is_read_as_json_is() -> None:
    found = store_response(XML.encode())

    assert found is not None
    assert found.stored == {"1.2": None}
    assert found.failed == {"1.3": Failure(272, "checksum & mismatch")}


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE a [<!ENTITY b "1.2">]>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd">',
    ],
)
def test_xml_with_a_document_type_is_refused(declaration: str) -> None:
    assert store_response(XML.replace("?>", "?>" + declaration, 1).encode()) is None


@pytest.mark.parametrize(
    ("body", "content_type", "page"),
    [
        (b"<!DOCTYPE html><html>", "", True),
        (b"\n <HTML lang=en>", "application/json", True),
        (b"{}", "text/html; charset=utf-8", True),
        (b"<NativeDicomModel/>", "application/dicom+xml", False),
        (b"{}", "application/dicom+json", False),
    ],
)
def test_a_login_page_is_told_from_an_answer(body: bytes, content_type: str, *, page: bool) -> None:
    assert is_web_page(body, content_type) is page
