"""PDUs of the upper layer (PS3.8 9.3): their types, their headers, and how ours are encoded."""

import struct

A_ASSOCIATE_RQ = 0x01
A_ASSOCIATE_AC = 0x02
A_ASSOCIATE_RJ = 0x03
P_DATA_TF = 0x04
A_RELEASE_RQ = 0x05
A_RELEASE_RP = 0x06
A_ABORT = 0x07

HEADER = struct.Struct(">BxI")  # PDU type, length of what follows
PDV_HEADER = struct.Struct(">IBB")  # length of the two bytes and the value; context; control
ONLY_PDV = struct.Struct(">BxIIBB")  # both, of a P-DATA-TF with one PDV
PDV_LENGTH_OVERHEAD = 2  # what an item's length counts beside the value (PS3.8 Table 9-23)
PDV_OVERHEAD = PDV_HEADER.size  # what a PDV takes of the maximum length of its PDU (PS3.8 D.1)

COMMAND = 0x01  # message control header (PS3.8 E.2): a command set, else a data set
LAST = 0x02  # its last fragment

RELEASE_RQ = HEADER.pack(A_RELEASE_RQ, 4) + bytes(4)
RELEASE_RP = HEADER.pack(A_RELEASE_RP, 4) + bytes(4)

SERVICE_USER = 0  # source of an A-ABORT (PS3.8 Table 9-26)
SERVICE_PROVIDER = 2
NOT_SPECIFIED = 0  # reason of a provider's A-ABORT
UNRECOGNIZED_PDU = 1
UNEXPECTED_PDU = 2
INVALID_PARAMETER = 6

_IMPLICIT_FRAGMENT = 16384 - PDV_OVERHEAD  # for a peer that set no limit: what all of them take
_LEAST_FRAGMENT = 16  # a peer that takes less takes nothing: each has 12 bytes of headers


class ProtocolFault(Exception):
    """The peer broke the protocol beyond what a status can answer: A-ABORT by the provider."""

    def __init__(self, reason: int, why: str) -> None:
        super().__init__(why)
        self.reason = reason
        self.why = why


def abort(source: int, reason: int = NOT_SPECIFIED) -> bytes:
    return HEADER.pack(A_ABORT, 4) + bytes((0, 0, source, reason))


def reject(result: int, source: int, reason: int) -> bytes:
    return HEADER.pack(A_ASSOCIATE_RJ, 4) + bytes((0, result, source, reason))


def message(context: int, command: bytes, data: bytes | None, max_length: int) -> bytes:
    """A DIMSE message as P-DATA-TF PDUs, none longer than the peer asked for; 0 is no limit."""
    room = max(max_length - PDV_OVERHEAD, _LEAST_FRAGMENT) if max_length else _IMPLICIT_FRAGMENT
    if data is None and len(command) <= room:  # nearly every response
        return _p_data(context, COMMAND | LAST, command)
    parts = [*_fragments(context, COMMAND, command, room)]
    if data is not None:
        parts += _fragments(context, 0, data, room)
    return b"".join(parts)


def _fragments(context: int, kind: int, value: bytes, room: int) -> list[bytes]:
    starts = range(0, len(value), room) or (0,)
    return [
        _p_data(context, kind | (LAST if at + room >= len(value) else 0), value[at : at + room])
        for at in starts
    ]


def _p_data(context: int, control: int, value: bytes) -> bytes:
    length = len(value)
    lengths = length + PDV_OVERHEAD, length + PDV_LENGTH_OVERHEAD
    return ONLY_PDV.pack(P_DATA_TF, *lengths, context, control) + value
