"""A requestor that says exactly what a test wants it to, right or wrong. Standard library only."""

import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

Proposed = tuple[int, str | None, Sequence[str]]  # context ID, abstract syntax, transfer syntaxes


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def context(number: int, abstract: str | None, transfers: Sequence[str]) -> bytes:
    names = b"" if abstract is None else item(0x30, abstract.encode("latin-1"))
    names += b"".join(item(0x40, each.encode("latin-1")) for each in transfers)
    return item(0x20, bytes((number, 0, 0, 0)) + names)


@dataclass
class Asking:
    """An A-ASSOCIATE-RQ."""

    contexts: Sequence[Proposed] = ((1, CT, (EXPLICIT, IMPLICIT)),)
    called: bytes = b"ANY-SCP"
    calling: bytes = b"RAW"
    version: int = 1
    application_context: bytes = b"1.2.840.10008.3.1.1.1"
    max_length: int = 16384
    user_items: bytes = b""  # beside maximum length and implementation class UID
    other_items: bytes = b""

    def encode(self) -> bytes:
        contexts = b"".join(context(*each) for each in self.contexts)
        user = (
            item(0x51, struct.pack(">I", self.max_length)) + item(0x52, b"1.2.3") + self.user_items
        )
        fixed = struct.pack(">HH", self.version, 0) + self.called.ljust(16) + self.calling.ljust(16)
        body = fixed + bytes(32) + item(0x10, self.application_context) + contexts
        return pdu(1, body + item(0x50, user) + self.other_items)


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def pdv(number: int, control: int, value: bytes) -> bytes:
    return struct.pack(">IBB", len(value) + 2, number, control) + value


def p_data(number: int, control: int, value: bytes) -> bytes:
    return pdu(4, pdv(number, control, value))


def fragments(data: bytes, *, complete: bool = True) -> list[bytes]:
    """Of a data set that is too large for one PDU; `complete`: the last is marked as the last."""
    pieces = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]
    last = 2 if complete else 0
    return [p_data(1, 0, each) for each in pieces[:-1]] + [p_data(1, last, pieces[-1])]


def element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def us(number: int, value: int) -> bytes:
    return element(number, struct.pack("<H", value))


def command(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return element(0, struct.pack("<I", len(body))) + body


def c_store_rq(
    instance: bytes = b"1.2.3.4",
    sop_class: bytes = CT.encode(),
    message: int = 1,
    priority: int = 0,
) -> bytes:
    return command(
        element(0x0002, _even(sop_class)),
        us(0x0100, 1),
        us(0x0110, message),
        us(0x0700, priority),
        us(0x0800, 1),
        element(0x1000, _even(instance)),
    )


def c_echo_rq(message: int = 1) -> bytes:
    uid = element(0x0002, _even(VERIFICATION.encode()))
    return command(uid, us(0x0100, 0x30), us(0x0110, message), us(0x0800, 0x0101))


def _even(value: bytes) -> bytes:
    return value + b"\0" * (len(value) % 2)


@dataclass
class Answer:
    """A response."""

    context: int
    elements: dict[int, bytes]
    data: bytes = b""

    @property
    def status(self) -> int:
        return self.number(0x0900)

    def number(self, element: int) -> int:
        return int.from_bytes(self.elements[element], "little")


@dataclass
class Accepted:
    """An A-ASSOCIATE-AC."""

    body: bytes
    results: dict[int, tuple[int, str]] = field(default_factory=dict)  # result, transfer syntax
    user: list[tuple[int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for kind, value in items(self.body[68:]):
            if kind == 0x21:
                [(_, transfer)] = items(value[4:])
                self.results[value[0]] = value[2], transfer.decode()
            elif kind == 0x50:
                self.user = list(items(value))


def items(data: bytes) -> Iterable[tuple[int, bytes]]:
    while data:
        kind, length = struct.unpack(">BxH", data[:4])
        yield kind, data[4 : 4 + length]
        data = data[4 + length :]


class RawAssociation:
    """A connection; a context manager."""

    def __init__(self, port: int, timeout: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def over(cls, connected: socket.socket) -> Self:
        """On a connection that is there, such as one with TLS."""
        association = cls.__new__(cls)
        association.socket = connected
        return association

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def read(self) -> tuple[int, bytes]:
        """The next PDU: type and body. EOFError once the peer has closed."""
        kind, length = struct.unpack(">BxI", self._exactly(6))
        return kind, self._exactly(length)

    def within(self, seconds: float) -> Self:
        """From now on wait no longer than that."""
        self.socket.settimeout(seconds)
        return self

    def closed(self) -> bool:
        """Wait until the peer closes; False if it sends something instead."""
        try:
            return not self.socket.recv(1)
        except ConnectionResetError:
            return True

    def associate(self, asking: Asking | None = None) -> Accepted:
        self.send((asking or Asking()).encode())
        kind, body = self.read()
        assert kind == 2, f"PDU type {kind}, {body[:4].hex()}"
        return Accepted(body)

    def store(self, data: bytes, number: int = 1, rq: bytes | None = None) -> Answer:
        self.send(p_data(number, 3, rq or c_store_rq()), p_data(number, 2, data))
        return self.answer()

    def echo(self, number: int = 1) -> Answer:
        self.send(p_data(number, 3, c_echo_rq()))
        return self.answer()

    def answer(self) -> Answer:
        """The next response, assembled."""
        parts: dict[int, bytes] = {0: b"", 1: b""}  # data set, command set
        number, elements = 0, dict[int, bytes]()
        while True:
            kind, body = self.read()
            assert kind == 4, f"PDU type {kind}, {body[:4].hex()}"
            while body:
                length, number, control = struct.unpack(">IBB", body[:6])
                parts[control & 1] += body[6 : 4 + length]
                body = body[4 + length :]
                if control == 3:
                    elements = _elements(parts[1])
                expected = elements.get(0x0800, b"\1\1") == b"\1\1"
                if control & 2 and (expected or control == 2):
                    return Answer(number, elements, parts[0])

    def release(self) -> int:
        """The type of the PDU that comes back."""
        self.send(pdu(5, bytes(4)))
        return self.read()[0]

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data


def _elements(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while data:
        _, number, length = struct.unpack("<HHI", data[:8])
        found[number] = data[8 : 8 + length]
        data = data[8 + length :]
    return found
