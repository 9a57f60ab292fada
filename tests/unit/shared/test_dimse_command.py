"""Command sets: read as pydicom reads them, or leniently; written so that pydicom reads them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from shared.dimse import command as commands


def encoded(**elements: object) -> bytes:
    data_set = Dataset()
    for keyword, value in elements.items():
        setattr(data_set, keyword, value)
    stream = io.BytesIO()
    file = DicomIO(stream)
    file.is_implicit_VR = True
    file.is_little_endian = True
    write_dataset(file, data_set)
    return stream.getvalue()


def decoded(data: bytes) -> Dataset:
    return read_dataset(io.BytesIO(data), is_implicit_VR=True, is_little_endian=True)


def test_a_request_is_read() -> None:
    command = commands.decode(
        encoded(
            CommandGroupLength=0,
            AffectedSOPClassUID="1.2.840.10008.5.1.4.1.1.2",
            CommandField=1,
            MessageID=77,
            Priority=1,
            CommandDataSetType=0,
            AffectedSOPInstanceUID="1.2.3",
            MoveOriginatorApplicationEntityTitle="MOVER",
            MoveOriginatorMessageID=5,
        )
    )

    assert (command.field, command.message_id, command.priority) == (1, 77, 1)
    assert command.sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"
    assert command.sop_instance_uid == "1.2.3"
    assert command.has_data_set


NUMBERS = {"CommandField": 1, "MessageID": 7, "Priority": 1, "CommandDataSetType": 0}
UIDS = st.from_regex(r"(1(\.[1-9][0-9]{0,9}){0,5})?", fullmatch=True)


@st.composite
def command_sets(draw: st.DrawFn) -> bytes:
    """As one peer sends them: alike, but for what is drawn rarely."""
    elements: dict[str, object] = {"CommandGroupLength": 0, **NUMBERS}
    elements["AffectedSOPClassUID"] = draw(st.sampled_from(["1.2.3", "1.2.3.4"]))
    elements["AffectedSOPInstanceUID"] = draw(UIDS)
    elements["MessageID"] = draw(st.integers(0, 0xFFFF))
    if draw(st.integers(0, 5)) == 0:
        elements |= draw(
            st.sampled_from(
                [
                    {"MoveOriginatorMessageID": 5},
                    {"RequestedSOPInstanceUID": "1.2.5"},
                    {"Priority": 2},
                ]
            )
        )
    if draw(st.integers(0, 5)) == 0:
        del elements[draw(st.sampled_from(sorted(elements)))]
    data = bytearray(encoded(**elements))
    if draw(st.integers(0, 5)) == 0:
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 5)) == 0:
        data = data[: draw(st.integers(0, len(data)))]
    return bytes(data) + draw(st.sampled_from([b""] * 5 + [b"\0", bytes(8), b"1" * 8]))


@given(st.lists(command_sets(), min_size=2, max_size=6))
def test_what_came_before_changes_no_reading(sets: list[bytes]) -> None:
    decode = commands.Decoder()

    assert [decode(each) for each in sets] == [commands.decode(each) for each in sets]


def test_a_cancel_names_what_it_cancels() -> None:
    data = encoded(CommandField=0x0FFF, MessageIDBeingRespondedTo=9, CommandDataSetType=0x0101)

    assert commands.decode(data).responded_to == 9


def test_requested_uids_stand_for_affected_ones() -> None:
    command = commands.decode(
        encoded(RequestedSOPClassUID="1.2.3", RequestedSOPInstanceUID="1.2.4", CommandField=0x110)
    )

    assert (command.sop_class_uid, command.sop_instance_uid) == ("1.2.3", "1.2.4")


@given(
    status=st.integers(0, 0xFFFF),
    message=st.integers(0, 0xFFFF),
    uid=st.from_regex(r"[0-9.]{0,70}", fullmatch=True),
    comment=st.text(max_size=80),
    data_set=st.booleans(),
)
def test_a_response_is_what_pydicom_understands(
    status: int, message: int, uid: str, comment: str, *, data_set: bool
) -> None:
    request = commands.CommandSet(1, message, 0, b"1.2.3", uid.encode(), 0, has_data_set=True)

    written = commands.response(request, status, comment=comment, data_set=data_set)

    read = decoded(written)
    assert read.CommandGroupLength == len(written) - 12
    assert read.CommandField == 0x8001
    assert read.MessageIDBeingRespondedTo == message
    assert read.Status == status
    assert (read.CommandDataSetType != 0x0101) is data_set
    assert read[0x0000, 0x0002].value == "1.2.3"
    assert len(read.get("ErrorComment", "")) <= 64


@given(st.binary(max_size=200))
def test_random_bytes_are_read_as_far_as_they_go(data: bytes) -> None:
    command = commands.decode(data)

    assert commands.response(command, 0)


def test_a_comment_has_no_characters_that_its_vr_forbids() -> None:
    request = commands.CommandSet(1, 1, 0, b"", b"", 0, has_data_set=True)

    written = commands.response(request, 0, comment="a\\b\x1b(c\nä" + "x" * 80)

    assert decoded(written).ErrorComment == "a?b?(c??" + "x" * 56


@pytest.mark.parametrize("kept", range(0, 80, 7))
def test_a_command_that_is_cut_off_has_its_first_elements(kept: int) -> None:
    whole = encoded(CommandField=1, MessageID=7, CommandDataSetType=0, AffectedSOPInstanceUID="1.2")

    command = commands.decode(whole[:kept])

    assert command.field == (1 if kept >= 10 else 0)
    assert command.message_id == (7 if kept >= 20 else 0)


def test_a_command_without_a_data_set_type_has_none() -> None:
    assert not commands.decode(encoded(CommandField=0x30)).has_data_set
