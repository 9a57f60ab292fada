"""C-STORE-RQ messages encoded beforehand: a kilobyte anew for each instance, the rest shared."""

import socket
import struct

from bench.instances import Kind, Uids
from bench.upper_layer import COMMAND, LAST, command_set, p_data_header


class StoreMessages:
    """The C-STORE requests of one study on one association (PS3.7 9.3.1)."""

    def __init__(
        self, kind: Kind, study: Uids, *, context: int, max_pdu: int, variant: int = 0
    ) -> None:
        self._study = study
        before, after = kind.head(study)
        uid = bytes(len(study.study))
        command = command_set(
            (
                (0x0002, kind.sop_class.encode()),
                (0x0100, struct.pack("<H", 0x0001)),  # C-STORE-RQ
                (0x0110, struct.pack("<H", 1)),  # one at a time, so any Message ID will do
                (0x0700, struct.pack("<H", 0)),  # priority MEDIUM
                (0x0800, struct.pack("<H", 0)),  # a data set follows
                (0x1000, uid),  # last, so that it is easily replaced
            )
        )
        pixels = kind.pixels(variant)
        head = len(before) + len(uid) + len(after)
        room = max_pdu - 6  # a PDU of one PDV: its item length, context ID and control header
        first = min(room, head + len(pixels))
        last = LAST if first == head + len(pixels) else 0
        self._parts = (
            p_data_header(len(command), context, COMMAND | LAST) + command[: -len(uid)],
            p_data_header(first, context, last) + before,
            after,
        )
        self.tail = pixels[: first - head] + b"".join(
            p_data_header(len(piece), context, LAST if rest <= room else 0) + piece
            for piece, rest in _pieces(pixels[first - head :], room)
        )

    def next(self) -> tuple[bytes, bytes]:
        """The SOP Instance UID of the next instance, and its message before the tail."""
        uid = self._study.instance()
        command, before, after = self._parts
        return uid, b"".join((command, uid, before, uid, after))


def send(peer: socket.socket, head: bytes, tail: bytes) -> None:
    """Both in one system call where the socket buffer takes them."""
    sent = peer.sendmsg((head, tail))
    if sent < len(head):
        peer.sendall(head[sent:])
        sent = len(head)
    if sent < len(head) + len(tail):
        peer.sendall(memoryview(tail)[sent - len(head) :])


def _pieces(data: bytes, room: int) -> list[tuple[bytes, int]]:
    """The data cut into fragments, each with the bytes left from it on."""
    return [(data[at : at + room], len(data) - at) for at in range(0, len(data), room)]
