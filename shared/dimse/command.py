"""DIMSE command sets (PS3.7 6.3, Annex E): Implicit VR Little Endian, group 0000, read leniently.

Written out rather than left to a library: this is the part of a C-STORE that costs the most, and
a command set is a dozen flat elements.
"""

import re
import struct
from functools import lru_cache
from typing import NamedTuple

C_STORE_RQ = 0x0001
C_FIND_RQ = 0x0020
C_ECHO_RQ = 0x0030
C_CANCEL_RQ = 0x0FFF
NAMES = {  # of requests, for people
    C_STORE_RQ: "C-STORE",
    0x0010: "C-GET",
    C_FIND_RQ: "C-FIND",
    0x0021: "C-MOVE",
    C_ECHO_RQ: "C-ECHO",
    0x0100: "N-EVENT-REPORT",
    0x0110: "N-GET",
    0x0120: "N-SET",
    0x0130: "N-ACTION",
    0x0140: "N-CREATE",
    0x0150: "N-DELETE",
}
RESPONSE = 0x8000  # the bit that makes a response of a request's command field

# Elements of group 0000 (PS3.7 Table E.1-1)
COMMAND_GROUP_LENGTH = 0x0000
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
MOST_FORMS = 8  # of an association: UIDs of some lengths
_COMMENT_LENGTH = 64  # VR LO

_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<HHIH")  # an element of VR US, whole
_U16 = struct.Struct("<H")
_UL = struct.Struct("<HHII")
_PADDING = b"\0 "
_NOT_LO = re.compile(rb"[^ -\[\]-~]")  # control characters and \ (PS3.5 6.2)


class CommandSet(NamedTuple):
    """What of a command set matters to us. UIDs are as sent, padding included."""

    field: int  # 0 where it is missing
    message_id: int
    responded_to: int  # of a C-CANCEL: the request to cancel
    sop_class: bytes
    sop_instance: bytes
    priority: int
    has_data_set: bool  # never of a C-ECHO-RQ, whatever it says (PS3.7 9.3.5.1)

    @property
    def sop_class_uid(self) -> str:
        return _class_text(self.sop_class)

    @property
    def sop_instance_uid(self) -> str:
        return _text(self.sop_instance)


def _text(uid: bytes) -> str:
    return uid.strip(_PADDING).decode("latin-1")


_class_text = lru_cache(maxsize=256)(_text)


class _Form(NamedTuple):
    """A command set but for its Message ID, and the Affected SOP Instance UID at its end."""

    fixed: int  # all bits of its bytes are set, the first byte being the lowest, but of the two
    said: int  # what these say
    message: int  # where the values of the two begin
    instance: int
    command: CommandSet


class Decoder:
    """Decodes the command sets of one association: mostly each says what the last one of its length
    did, but for the two. Others, and the first, are read element by element.
    """

    __slots__ = ("_forms",)

    def __init__(self) -> None:
        self._forms: dict[int, _Form] = {}  # by length

    def __call__(self, data: bytes) -> CommandSet:
        form = self._forms.get(len(data))
        if form and int.from_bytes(data, "little") & form.fixed == form.said:
            field, _, responded_to, sop_class, _, priority, has_data_set = form.command
            number = _U16.unpack_from(data, form.message)[0]
            instance = data[form.instance :]
            return CommandSet(
                field, number, responded_to, sop_class, instance, priority, has_data_set
            )
        places = _elements(data)
        command = _command_set(data, places)
        self._remember(data, places, command)
        return command

    def _remember(self, data: bytes, places: dict[int, slice], command: CommandSet) -> None:
        nowhere = slice(0, 0)
        message = places.get(MESSAGE_ID, nowhere)
        instance = places.get(AFFECTED_SOP_INSTANCE_UID, nowhere)
        if message.stop - message.start != _U16.size or not (
            message.stop < instance.start < instance.stop == len(data)
        ):
            return
        mask = bytearray(b"\xff" * len(data))
        mask[message] = bytes(_U16.size)
        mask[instance] = bytes(instance.stop - instance.start)
        fixed = int.from_bytes(mask, "little")
        said = int.from_bytes(data, "little") & fixed
        if len(self._forms) == MOST_FORMS:
            self._forms.clear()
        self._forms[len(data)] = _Form(fixed, said, message.start, instance.start, command)


def decode(data: bytes) -> CommandSet:
    """Never fails: an element that is truncated or of another group ends it, one that is missing
    is empty or 0. Who answers the request judges what that means.
    """
    return _command_set(data, _elements(data))


def response(
    request: CommandSet, status: int, *, comment: str = "", data_set: bool = False
) -> bytes:
    """The command set that answers `request` (PS3.7 9.3)."""
    uid = request.sop_instance
    if len(uid) & 1:
        uid += b"\0"
    outcome = _outcome(status, _DATA_SET if data_set else NO_DATA_SET)
    if comment:
        outcome += _comment(comment)
    before, after = _around(request.field, request.sop_class, outcome, len(uid))
    return before + _U16.pack(request.message_id) + after + uid


@lru_cache(maxsize=256)
def _outcome(status: int, kind: int) -> bytes:
    return _US.pack(0, COMMAND_DATA_SET_TYPE, 2, kind) + _US.pack(0, STATUS, 2, status)


@lru_cache(maxsize=256)
def _around(field: int, sop_class: bytes, outcome: bytes, length: int) -> tuple[bytes, bytes]:
    """A response before and after its message ID, up to a SOP Instance UID of that length."""
    before = _uid(AFFECTED_SOP_CLASS_UID, sop_class)
    before += _US.pack(0, COMMAND_FIELD, 2, field | RESPONSE)
    before += _ELEMENT.pack(0, MESSAGE_ID_BEING_RESPONDED_TO, _U16.size)
    after = outcome
    if length:
        after += _ELEMENT.pack(0, AFFECTED_SOP_INSTANCE_UID, length)
    group = len(before) + _U16.size + len(after) + length
    return _UL.pack(0, COMMAND_GROUP_LENGTH, 4, group) + before, after


def _command_set(data: bytes, places: dict[int, slice]) -> CommandSet:
    nowhere = slice(0, 0)

    def number(element: int, default: int) -> int:
        value = data[places.get(element, nowhere)]
        return int(_U16.unpack_from(value)[0]) if len(value) >= _U16.size else default

    def uid(affected: int, requested: int) -> bytes:
        return data[places.get(affected, nowhere)] or data[places.get(requested, nowhere)]

    field = number(COMMAND_FIELD, 0)
    return CommandSet(
        field,
        number(MESSAGE_ID, 0),
        number(MESSAGE_ID_BEING_RESPONDED_TO, 0),
        uid(AFFECTED_SOP_CLASS_UID, REQUESTED_SOP_CLASS_UID),
        uid(AFFECTED_SOP_INSTANCE_UID, REQUESTED_SOP_INSTANCE_UID),
        number(PRIORITY, 0),
        field != C_ECHO_RQ and number(COMMAND_DATA_SET_TYPE, NO_DATA_SET) != NO_DATA_SET,
    )


def _elements(data: bytes) -> dict[int, slice]:
    """Where the value of each lies; of one that is repeated, the last."""
    found: dict[int, slice] = {}
    at, end = 0, len(data) - _ELEMENT.size
    while at <= end:
        group, element, length = _ELEMENT.unpack_from(data, at)
        at += _ELEMENT.size
        if group or at + length > len(data):
            break
        found[element] = slice(at, at + length)
        at += length
    return found


def _uid(element: int, value: bytes) -> bytes:
    if not value:
        return b""
    value += b"\0" * (len(value) & 1)
    return _ELEMENT.pack(0, element, len(value)) + value


def _comment(text: str) -> bytes:
    value = _NOT_LO.sub(b"?", text.encode("ascii", "replace")[:_COMMENT_LENGTH])
    value += b" " * (len(value) & 1)
    return _ELEMENT.pack(0, ERROR_COMMENT, len(value)) + value
