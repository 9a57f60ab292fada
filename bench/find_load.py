"""A fast C-FIND load generator in a process of its own: `python -m bench.find_load JSON`.

Each query is what a modality does: associate, ask, read every answer, release.
"""

import dataclasses
import json
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field

from bench import upper_layer as ul
from bench.instances import EXPLICIT_VR_LITTLE_ENDIAN
from bench.load import percentile
from bench.worklist_items import FOLDER, MODALITY_WORKLIST, STATION, identifier

PENDING = frozenset({0xFF00, 0xFF01})  # PS3.4 Table K.4.1-2
STATUS = struct.pack("<HHI", 0, 0x0900, 2)  # the beginning of (0000,0900)
RECEIVE = 1 << 18


@dataclass(frozen=True, slots=True)
class FindLoad:
    """What to ask, again and again for `seconds` by each of `clients`."""

    port: int
    expected: int  # matches of each query
    one: int | None = None  # the item whose accession number is asked for; None: all match
    clients: int = 1
    seconds: float = 1.0
    at_least: int = 3  # queries of a client
    timeout: float = 60.0


@dataclass(slots=True)
class Asked:
    took: list[float] = field(default_factory=list)
    error: str = ""


class Client(threading.Thread):
    def __init__(self, load: FindLoad) -> None:
        super().__init__(daemon=True)
        self.asked = Asked()
        self._load = load
        context = (MODALITY_WORKLIST, (EXPLICIT_VR_LITTLE_ENDIAN,))
        self._associate = ul.associate_rq(FOLDER, STATION, [context])
        self._query = query(identifier(load.one))

    def run(self) -> None:
        end = time.monotonic() + self._load.seconds
        try:
            while time.monotonic() < end or len(self.asked.took) < self._load.at_least:
                began = time.monotonic()
                matches, status = self._ask()
                self.asked.took.append(time.monotonic() - began)
                if status or matches != self._load.expected:
                    raise ConnectionError(f"{matches} matches, status {status:04X}")
        except OSError as error:
            self.asked.error = repr(error)

    def _ask(self) -> tuple[int, int]:
        with ul.connect(self._load.port, self._load.timeout) as peer:
            if 1 not in ul.open_association(peer, self._associate).contexts:
                raise ConnectionError("the presentation context was refused")
            peer.sendall(self._query)
            answer = read_answers(peer)
            ul.release_association(peer)
        return answer


def query(data_set: bytes) -> bytes:
    """A C-FIND-RQ with its identifier, in one write."""
    command = ul.command_set(
        (
            (0x0002, MODALITY_WORKLIST.encode()),
            (0x0100, struct.pack("<H", 0x0020)),  # C-FIND-RQ
            (0x0110, struct.pack("<H", 1)),
            (0x0700, struct.pack("<H", 0)),
            (0x0800, struct.pack("<H", 1)),
        )
    )
    return ul.p_data(command, 1, ul.COMMAND | ul.LAST) + ul.p_data(data_set, 1, ul.LAST)


def read_answers(peer: socket.socket) -> tuple[int, int]:
    """How many responses were pending, and the final status."""
    matches, command, buffer = 0, b"", bytearray()
    while True:
        data = peer.recv(RECEIVE)
        if not data:
            raise ConnectionError("the peer closed the connection")
        buffer += data
        used = 0
        for start, end, control in pdvs(buffer):
            used = max(used, end)
            if not control & ul.COMMAND:
                continue
            command += buffer[start:end]
            if control & ul.LAST:
                found, command = status(command), b""
                if found not in PENDING:
                    return matches, found
                matches += 1
        del buffer[:used]


def pdvs(buffer: bytearray) -> "list[tuple[int, int, int]]":
    """The PDVs of the complete PDUs, as (start, end, message control header)."""
    found, position = [], 0
    while position + 6 <= len(buffer):
        kind, length = struct.unpack_from(">BxI", buffer, position)
        end = position + 6 + length
        if end > len(buffer):
            break
        if kind != ul.P_DATA:
            raise ConnectionError(f"PDU of type {kind} instead of a response")
        position += 6
        while position < end:
            size, control = struct.unpack_from(">IxB", buffer, position)
            found.append((position + 6, position + 4 + size, control))
            position += 4 + size
    return found


def status(command: bytes) -> int:
    at = command.find(STATUS)
    return int.from_bytes(command[at + 8 : at + 10], "little") if at >= 0 else -1


def generate(load: FindLoad) -> dict[str, object]:
    clients = [Client(load) for _ in range(load.clients)]
    began = time.monotonic()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    seconds = time.monotonic() - began
    took = sorted(each for client in clients for each in client.asked.took)
    return {
        "queries_per_s": len(took) / seconds,
        "p50_ms": percentile(took, 0.50),
        "p99_ms": percentile(took, 0.99),
        "queries": len(took),
        "errors": sorted({client.asked.error for client in clients if client.asked.error}),
    }


def argument(load: FindLoad) -> str:
    return json.dumps(dataclasses.asdict(load))


if __name__ == "__main__":
    print(json.dumps(generate(FindLoad(**json.loads(sys.argv[1])))))
