"""Identifiers as bytes, from modalities that do not all keep to the rules."""

from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.support.ups_query import query
from worklist.elements import SYNTAXES, Syntax, Unreadable, Writer
from worklist.identifier import Identifier, parse

IMPLICIT, EXPLICIT = SYNTAXES[ImplicitVRLittleEndian], SYNTAXES[ExplicitVRLittleEndian]
BIG = SYNTAXES[ExplicitVRBigEndian]
NAME, ID, STEPS, MODALITY = 0x00100010, 0x00100020, 0x00400100, 0x00080060


def written(identifier: Dataset, *, implicit: bool = False, big: bool = False) -> bytes:
    stream = BytesIO()
    file = DicomIO(stream)
    file.is_implicit_VR, file.is_little_endian = implicit, not big
    write_dataset(file, identifier)
    return stream.getvalue()


def read(data: bytes, *, implicit: bool = False) -> Identifier:
    return parse(data, IMPLICIT if implicit else EXPLICIT, "ISO_IR 100")


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    return (
        (tag >> 16).to_bytes(2, "little")
        + (tag & 0xFFFF).to_bytes(2, "little")
        + vr
        + (len(value).to_bytes(2, "little") + value)
    )


QUERY = query(
    {"Modality": "CT", "ScheduledProcedureStepStartDate": "20240105"},
    PatientName="DOE^J*",
    PregnancyStatus=4,
    StudyInstanceUID=["1.2.3", "1.2.4"],
)


@pytest.mark.parametrize(
    ("data", "syntax"),
    [
        (written(QUERY, implicit=True), IMPLICIT),
        (written(QUERY), EXPLICIT),
        (written(QUERY, big=True), BIG),
        (
            Writer(SYNTAXES[DeflatedExplicitVRLittleEndian]).finish([written(QUERY)]),
            SYNTAXES[DeflatedExplicitVRLittleEndian],
        ),
    ],
)
def test_keys_are_read_in_each_transfer_syntax(data: bytes, syntax: Syntax) -> None:
    found = parse(data, syntax, "ISO_IR 100")

    assert found.keys[NAME].values == ("DOE^J*",)
    assert found.keys[ID].values == ()
    assert found.keys[0x001021C0].values == ("4",)
    assert found.keys[0x0020000D].values == ("1.2.3", "1.2.4")
    assert found.steps
    assert found.steps[MODALITY].values == ("CT",)


def test_sequences_of_undefined_length_are_read() -> None:
    QUERY["ScheduledProcedureStepSequence"].is_undefined_length = True
    item = QUERY.ScheduledProcedureStepSequence[0]
    item.is_undefined_length_sequence_item = True

    found = read(written(QUERY))

    assert found.steps
    assert found.steps[MODALITY].values == ("CT",)


def test_padding_is_no_part_of_a_key() -> None:
    found = read(element(ID, b"LO", b" P1 \0") + element(0x0020000D, b"UI", b"1.2\0"))

    assert found.keys[ID].values == ("P1",)
    assert found.keys[0x0020000D].values == ("1.2",)


@pytest.mark.parametrize("value", [b"", b" ", b"\\", b" \\ "])
def test_blanks_ask_for_return_only(value: bytes) -> None:
    assert read(element(ID, b"LO", value)).keys[ID].values == ()


def test_the_dictionary_is_right_where_the_vr_is_wrong() -> None:
    found = read(element(NAME, b"LO", b"DOE^J*") + element(MODALITY, b"SH", b"CT"))

    assert found.keys[NAME].vr == "PN"
    assert found.oddities == ("00080060 has VR SH", "00100010 has VR LO")


def test_group_lengths_and_levels_are_no_keys() -> None:
    found = read(
        element(0x00080000, b"UL", b"\0\0\0\0")
        + element(0x00080052, b"CS", b"WORKLIST")
        + element(ID, b"LO", b"")
    )

    assert list(found.keys) == [ID]


def test_the_first_of_two_step_items_is_used_and_the_other_told() -> None:
    identifier = query({"Modality": "CT"})
    second = Dataset()
    second.Modality = "MR"
    identifier.ScheduledProcedureStepSequence.append(second)

    found = read(written(identifier))

    assert found.steps
    assert found.steps[MODALITY].values == ("CT",)
    assert found.oddities == ("00400100 has 2 items",)


@pytest.mark.parametrize("items", [[], [Dataset()]])
def test_an_empty_step_sequence_asks_for_all_of_it(items: list[Dataset]) -> None:
    identifier = query()
    identifier.ScheduledProcedureStepSequence = items

    found = read(written(identifier))

    assert STEPS in found.keys
    assert found.steps is None


def test_steps_that_are_no_sequence_are_refused() -> None:
    with pytest.raises(Unreadable):
        read(element(STEPS, b"LO", b"CT"))


def test_a_name_that_is_a_sequence_is_refused() -> None:
    with pytest.raises(Unreadable):
        read(b"\x10\0\x10\0SQ\0\0\0\0\0\0")


def test_a_step_sequence_of_unknown_vr_is_read_as_implicit() -> None:
    inner = written(query({"Modality": "CT"}), implicit=True)
    steps = inner[inner.index(b"\x40\0\0\x01") :]
    length, content = steps[4:8], steps[8:]

    found = read(b"\x40\0\0\x01UN\0\0" + length + content)

    assert found.steps
    assert found.steps[MODALITY].values == ("CT",)


def test_undeclared_letters_are_taken_for_the_assumed_set() -> None:
    data = element(NAME, b"PN", b"M\xfcller")

    assert read(data).keys[NAME].values == ("Müller",)
    assert parse(data, EXPLICIT, "ISO_IR 144").keys[NAME].values == ("Mќller",)


def test_a_set_of_an_item_is_for_that_item() -> None:
    item = element(0x00080005, b"CS", b"ISO_IR 100") + element(0x00400006, b"PN", b"M\xfcller")
    steps = b"\x40\0\0\x01SQ\0\0" + (len(item) + 8).to_bytes(4, "little")
    steps += b"\xfe\xff\0\xe0" + len(item).to_bytes(4, "little") + item

    found = read(element(0x00080005, b"CS", b"ISO_IR 192") + steps)

    assert found.steps
    assert found.steps[0x00400006].values == ("Müller",)
    assert found.terms == ("ISO_IR 192",)


@pytest.mark.parametrize("cut", range(1, len(written(QUERY)), 7))
def test_a_cut_identifier_is_refused_or_read_in_part(cut: int) -> None:
    try:
        found = read(written(QUERY)[:cut])
    except Unreadable:
        return
    assert found.keys.keys() <= read(written(QUERY)).keys.keys()


@given(st.binary(max_size=200), st.sampled_from(list(SYNTAXES.values())))
def test_any_bytes_are_read_or_refused(data: bytes, syntax: Syntax) -> None:
    with suppress(Unreadable):
        parse(data, syntax, "ISO_IR 100")


def test_deep_nesting_is_refused() -> None:
    deep = b"\x40\0\0\x01SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 500

    with pytest.raises(Unreadable):
        read(deep)


def test_a_deflated_bomb_is_refused() -> None:
    bomb = Writer(SYNTAXES[DeflatedExplicitVRLittleEndian]).finish([b"\0" * (8 << 20)])

    with pytest.raises(Unreadable):
        parse(bomb, SYNTAXES[DeflatedExplicitVRLittleEndian], "ISO_IR 100")
