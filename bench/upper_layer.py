"""The little of PS3.8 and PS3.7 that a load generator needs, encoded beforehand, decoded fast."""

import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLEMENTATION = b"2.25.118209217712034471953412309116"
# PDU types (PS3.8 9.3.1)
ASSOCIATE_RQ, ASSOCIATE_AC, P_DATA, RELEASE_RQ, RELEASE_RP = 1, 2, 4, 5, 6
LAST, COMMAND = 2, 1  # bits of a message control header (PS3.8 E.2)
RELEASE = struct.pack(">BxIxxxx", RELEASE_RQ, 4)
LARGEST_PDU = 131072  # bytes that we send in one PDU, whatever the peer allows

Context = tuple[str, Sequence[str]]  # abstract syntax, transfer syntaxes


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an A-ASSOCIATE-AC grants."""

    contexts: dict[int, str]  # presentation context ID to transfer syntax
    max_pdu: int


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def title(ae_title: str) -> bytes:
    return ae_title.encode().ljust(16)


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def associate_rq(called: str, calling: str, contexts: Iterable[Context]) -> bytes:
    """An A-ASSOCIATE-RQ; the contexts are numbered 1, 3, 5, …"""
    proposed = b"".join(
        item(
            0x20,
            struct.pack(">Bxxx", 2 * index + 1)
            + item(0x30, abstract.encode())
            + b"".join(item(0x40, syntax.encode()) for syntax in syntaxes),
        )
        for index, (abstract, syntaxes) in enumerate(contexts)
    )
    body = struct.pack(">Hxx", 1) + title(called) + title(calling) + bytes(32)
    return pdu(
        ASSOCIATE_RQ, body + item(0x10, APPLICATION_CONTEXT) + proposed + user_information(16384)
    )


def user_information(max_pdu: int) -> bytes:
    return item(0x50, item(0x51, struct.pack(">I", max_pdu)) + item(0x52, IMPLEMENTATION))


def items(body: bytes) -> Iterable[tuple[int, bytes]]:
    """The items of a variable field, as (type, value)."""
    position = 0
    while position + 4 <= len(body):
        kind, length = struct.unpack_from(">BxH", body, position)
        yield kind, body[position + 4 : position + 4 + length]
        position += 4 + length


def accepted(body: bytes) -> Accepted:
    """Decode what follows the PDU header of an A-ASSOCIATE-AC (PS3.8 9.3.3)."""
    contexts, max_pdu = {}, 0
    for kind, value in items(body[68:]):
        if kind == 0x21 and value[2] == 0:
            syntaxes = [text for sub, text in items(value[4:]) if sub == 0x40]
            contexts[value[0]] = syntaxes[0].decode() if syntaxes else ""
        elif kind == 0x50:
            lengths = [text for sub, text in items(value) if sub == 0x51]
            max_pdu = struct.unpack(">I", lengths[0])[0] if lengths else 0
    return Accepted(contexts, min(max_pdu or LARGEST_PDU, LARGEST_PDU))


def command_element(number: int, value: bytes) -> bytes:
    padded = value + b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, number, len(padded)) + padded


def command_set(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """A command set with its group length (PS3.7 6.3.1)."""
    body = b"".join(command_element(number, value) for number, value in elements)
    return command_element(0, struct.pack("<I", len(body))) + body


def p_data_header(length: int, context: int, control: int) -> bytes:
    """The PDU and PDV headers before a fragment that is alone in its PDU."""
    return struct.pack(">BxIIBB", P_DATA, length + 6, length + 2, context, control)


def p_data(fragment: bytes, context: int, control: int) -> bytes:
    return p_data_header(len(fragment), context, control) + fragment


def read_exactly(peer: socket.socket, length: int) -> bytes:
    """Receive `length` bytes; ConnectionError if the peer ends earlier."""
    data = peer.recv(length)
    while len(data) < length:
        more = peer.recv(length - len(data))
        if not more:
            raise ConnectionError("the peer closed the connection")
        data += more
    return data


def read_pdu(peer: socket.socket) -> tuple[int, bytes]:
    """The next PDU as (type, what follows its header)."""
    kind, length = struct.unpack(">BxI", read_exactly(peer, 6))
    return kind, read_exactly(peer, length)


def read_response(peer: socket.socket) -> bytes:
    """The command set of the next message, which has no data set."""
    command = b""
    while True:
        kind, body = read_pdu(peer)
        if kind != P_DATA:
            raise ConnectionError(f"PDU of type {kind} instead of a response")
        position = 0
        while position < len(body):
            length, control = struct.unpack_from(">IxB", body, position)
            command += body[position + 6 : position + 4 + length]
            position += 4 + length
            if control & LAST:
                return command


def status(command: bytes) -> int:
    """The Status (0000,0900) of a command set; -1 if it has none."""
    position = 0
    while position + 8 <= len(command):
        group, number, length = struct.unpack_from("<HHI", command, position)
        if (group, number) == (0, 0x0900):
            return int.from_bytes(command[position + 8 : position + 10], "little")
        position += 8 + length
    return -1


def connect(port: int, timeout: float) -> socket.socket:
    """A blocking connection on loopback whose operations give up after `timeout` seconds."""
    peer = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    # Kernel time-outs: Python's own would cost a poll before each operation.
    peer.settimeout(None)
    seconds = struct.pack("ll", int(timeout), 0)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def open_association(peer: socket.socket, request: bytes) -> Accepted:
    """Send an A-ASSOCIATE-RQ and return what is granted."""
    peer.sendall(request)
    kind, body = read_pdu(peer)
    if kind != ASSOCIATE_AC:
        raise ConnectionError(f"association not accepted: PDU of type {kind}")
    return accepted(body)


def release_association(peer: socket.socket) -> None:
    peer.sendall(RELEASE)
    kind, _ = read_pdu(peer)
    if kind != RELEASE_RP:
        raise ConnectionError(f"PDU of type {kind} instead of A-RELEASE-RP")
