"""DIMSE command sets (PS3.7 6.3, Annex E): Implicit VR Little Endian, group 0000, read leniently.

Written out rather than left to a library: this is the part of a C-STORE that costs the most, and
a command set is a dozen flat elements.
"""

import re
import struct
from dataclasses import dataclass

C_STORE_RQ = 0x0001
C_FIND_RQ = 0x0020
C_ECHO_RQ = 0x0030
C_CANCEL_RQ = 0x0FFF
RESPONSE = 0x8000  # the bit that makes a response of a request's command field

# Elements of group 0000 (PS3.7 Table E.1-1)
AFFECTED_SOP_CLASS_UID = 0x0002
REQUESTED_SOP_CLASS_UID = 0x0003
COMMAND_FIELD = 0x0100
MESSAGE_ID = 0x0110
MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
PRIORITY = 0x0700
COMMAND_DATA_SET_TYPE = 0x0800
STATUS = 0x0900
ERROR_COMMENT = 0x0902
AFFECTED_SOP_INSTANCE_UID = 0x1000
REQUESTED_SOP_INSTANCE_UID = 0x1001

NO_DATA_SET = 0x0101
_DATA_SET = 0x0001  # any value but NO_DATA_SET
_COMMENT_LENGTH = 64  # VR LO

_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<HHIH")  # an element of VR US, whole
_U16 = struct.Struct("<H")
_UL = struct.Struct("<HHII")
_PADDING = b"\0 "
_NOT_LO = re.compile(rb"[^ -\[\]-~]")  # control characters and \ (PS3.5 6.2)


@dataclass(frozen=True, slots=True)
class CommandSet:
    """What of a command set matters to us. UIDs are as sent, padding included."""

    field: int  # 0 where it is missing
    message_id: int
    responded_to: int  # of a C-CANCEL: the request to cancel
    sop_class: bytes
    sop_instance: bytes
    priority: int
    has_data_set: bool

    @property
    def sop_class_uid(self) -> str:
        return self.sop_class.strip(_PADDING).decode("latin-1")

    @property
    def sop_instance_uid(self) -> str:
        return self.sop_instance.strip(_PADDING).decode("latin-1")


def decode(data: bytes | bytearray) -> CommandSet:
    """Never fails: an element that is truncated or of another group ends it, one that is missing
    is empty or 0. Who answers the request judges what that means.
    """
    elements = _elements(data)
    return CommandSet(
        _number(elements, COMMAND_FIELD, 0),
        _number(elements, MESSAGE_ID, 0),
        _number(elements, MESSAGE_ID_BEING_RESPONDED_TO, 0),
        elements.get(AFFECTED_SOP_CLASS_UID) or elements.get(REQUESTED_SOP_CLASS_UID, b""),
        elements.get(AFFECTED_SOP_INSTANCE_UID) or elements.get(REQUESTED_SOP_INSTANCE_UID, b""),
        _number(elements, PRIORITY, 0),
        _number(elements, COMMAND_DATA_SET_TYPE, NO_DATA_SET) != NO_DATA_SET,
    )


def response(
    request: CommandSet, status: int, *, comment: str = "", data_set: bool = False
) -> bytes:
    """The command set that answers `request` (PS3.7 9.3)."""
    kind = _DATA_SET if data_set else NO_DATA_SET
    parts = [
        _uid(AFFECTED_SOP_CLASS_UID, request.sop_class),
        _US.pack(0, COMMAND_FIELD, 2, request.field | RESPONSE),
        _US.pack(0, MESSAGE_ID_BEING_RESPONDED_TO, 2, request.message_id),
        _US.pack(0, COMMAND_DATA_SET_TYPE, 2, kind),
        _US.pack(0, STATUS, 2, status),
        _comment(comment) if comment else b"",
        _uid(AFFECTED_SOP_INSTANCE_UID, request.sop_instance),
    ]
    body = b"".join(parts)
    return _UL.pack(0, 0, 4, len(body)) + body


def _elements(data: bytes | bytearray) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at, end = 0, len(data) - _ELEMENT.size
    while at <= end:
        group, element, length = _ELEMENT.unpack_from(data, at)
        at += _ELEMENT.size
        if group or at + length > len(data):
            break
        found[element] = bytes(data[at : at + length])
        at += length
    return found


def _number(elements: dict[int, bytes], element: int, default: int) -> int:
    value = elements.get(element, b"")
    return int(_U16.unpack_from(value)[0]) if len(value) >= _U16.size else default


def _uid(element: int, value: bytes) -> bytes:
    if not value:
        return b""
    value += b"\0" * (len(value) & 1)
    return _ELEMENT.pack(0, element, len(value)) + value


def _comment(text: str) -> bytes:
    value = _NOT_LO.sub(b"?", text.encode("ascii", "replace")[:_COMMENT_LENGTH])
    value += b" " * (len(value) & 1)
    return _ELEMENT.pack(0, ERROR_COMMENT, len(value)) + value
