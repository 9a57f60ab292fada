"""C-STORE acceptors that do next to nothing: the ceilings of the load generator, and of Python.

`python -m bench.null_scp PORT`: one process per association, no file, no copy out of the kernel.
With a FOLDER each data set is written to a file there, unread, unnamed and unsynced.
"""

import os
import socket
import socketserver
import struct
import sys
from contextlib import suppress
from pathlib import Path

from bench import upper_layer as ul

MAX_PDU = 131072
DISCARD = getattr(socket, "MSG_TRUNC", 0)  # Linux: count the bytes, do not copy them


class NullAssociation(socketserver.BaseRequestHandler):
    """Accepts every context with its first transfer syntax, and answers each request Success."""

    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._command = b""
        self._sink = bytearray(MAX_PDU)
        with suppress(ConnectionError):
            while self._pdu():
                pass

    def _pdu(self) -> bool:
        kind, length = struct.unpack(">BxI", ul.read_exactly(self.request, 6))
        if kind == ul.P_DATA:
            self._p_data(length)
            return True
        body = ul.read_exactly(self.request, length)
        answer = {ul.ASSOCIATE_RQ: associate_ac, ul.RELEASE_RQ: release_rp}.get(kind)
        if answer is None:
            return False
        self.request.sendall(answer(body))
        return True

    def _p_data(self, length: int) -> None:
        while length:
            size, context, control = struct.unpack(">IBB", ul.read_exactly(self.request, 6))
            length -= size + 4
            if control & ul.COMMAND:
                self._command += ul.read_exactly(self.request, size - 2)
                continue
            self._drop(size - 2)
            if control & ul.LAST:
                self._kept()
                self.request.sendall(success(self._command, context))
                self._command = b""

    def _drop(self, left: int) -> None:
        while left:
            left -= self.request.recv_into(self._sink, min(left, MAX_PDU), DISCARD)

    def _kept(self) -> None:
        """A data set is complete."""


class BareAssociation(NullAssociation):
    """What a receiver of files has to do at least: reads lengths, writes a file, renames it."""

    folder = Path()
    _file = -1
    _number = 0

    @property
    def _partial(self) -> Path:
        return self.folder / f".{os.getpid()}"

    def _drop(self, left: int) -> None:
        if self._file < 0:
            self._file = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        view = memoryview(self._sink)
        while left:
            count = self.request.recv_into(view, min(left, MAX_PDU), socket.MSG_WAITALL)
            left -= os.write(self._file, view[:count])

    def _kept(self) -> None:
        os.close(self._file)
        self._file = -1
        self._number += 1
        self._partial.rename(self.folder / f"{os.getpid()}-{self._number}")


def associate_ac(request: bytes) -> bytes:
    contexts = b""
    for kind, value in ul.items(request[68:]):
        if kind == 0x20:
            syntax = next(text for sub, text in ul.items(value[4:]) if sub == 0x40)
            contexts += ul.item(0x21, value[:1] + bytes(3) + ul.item(0x40, syntax))
    fixed = request[:68] + ul.item(0x10, ul.APPLICATION_CONTEXT)
    return ul.pdu(ul.ASSOCIATE_AC, fixed + contexts + ul.user_information(MAX_PDU))


def release_rp(request: bytes) -> bytes:
    del request
    return ul.pdu(ul.RELEASE_RP, bytes(4))


def success(request: bytes, context: int) -> bytes:
    """A C-STORE-RSP (PS3.7 9.3.1.2) without the UIDs, which are optional."""
    del request
    command = ul.command_set(
        (
            (0x0100, struct.pack("<H", 0x8001)),
            (0x0120, struct.pack("<H", 1)),
            (0x0800, struct.pack("<H", 0x0101)),
            (0x0900, struct.pack("<H", 0)),
        )
    )
    return ul.p_data(command, context, ul.COMMAND | ul.LAST)


def main() -> None:
    socketserver.ForkingTCPServer.request_queue_size = 128
    kind = BareAssociation if sys.argv[2:] else NullAssociation
    BareAssociation.folder = Path(*sys.argv[2:])
    with socketserver.ForkingTCPServer(("127.0.0.1", int(sys.argv[1])), kind) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
