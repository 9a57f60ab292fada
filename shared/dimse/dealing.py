"""Connections are dealt out evenly among the processes that share a port.

The kernel chooses a process by a hash of addresses and ports: of two modalities that send, both may
be one process's while a processor idles. So a process that has more connections than another hands
a new one on to it (SCM_RIGHTS). What was handed to one that died meanwhile is its successor's.
"""

import mmap
import socket
from collections.abc import Iterator

from shared import logs

_CELL = 8  # bytes of a number
_ABSENT = 1 << 40  # connections of one that takes none
SILENT = 5  # beats of ours, a second each, without one of another process: it hangs
_LETTER = 2  # bytes: which listener a connection came by, and who hands it on

log = logs.get(__name__)


class Table:
    """Where the processes sit: made before they are forked, and known to all of them. A row each,
    written by that one alone: its connections, its beats, how many it took of each, and handed to
    each.
    """

    def __init__(self, seats: int) -> None:
        """Raises OSError."""
        self.seats = seats
        self._width = 2 + 2 * seats
        self.cells = memoryview(mmap.mmap(-1, seats * self._width * _CELL)).cast("q")
        self.inboxes = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(seats)]
        for number, ends in enumerate(self.inboxes):
            for each in ends:
                each.setblocking(False)
            self.vacate(number)

    def connections(self, of: int) -> int:
        """Where it is said how many there are, in `cells`; as below."""
        return of * self._width

    def beats(self, of: int) -> int:
        return of * self._width + 1

    def taken(self, by: int, of: int) -> int:
        return by * self._width + 2 + of

    def handed(self, by: int, to: int) -> int:
        return by * self._width + 2 + self.seats + to

    def beats_of(self, number: int) -> int | None:
        """A number that changes as long as its event loop turns; None: it does not take part."""
        if self.cells[self.connections(number)] == _ABSENT:
            return None
        return self.cells[self.beats(number)]

    def vacate(self, number: int) -> None:
        """Nothing is handed to it from now on."""
        self.cells[self.connections(number)] = _ABSENT


class Seat:
    """One process's, in its event loop's thread."""

    def __init__(self, table: Table, number: int) -> None:
        self._table = table
        self._number = number
        self._others = [each for each in range(table.seats) if each != number]
        self._inbox = table.inboxes[number][0]
        self._connections = 0
        self._present = False
        self._heard = dict.fromkeys(self._others, (-1, 0))  # the others' last beats, and ours then
        self.silent: frozenset[int] = frozenset()  # the others that hang

    def sit(self) -> None:
        """From now on it takes part."""
        self._present = True
        self.has(self._connections)

    def rise(self) -> None:
        self._present = False
        self._table.vacate(self._number)

    def has(self, connections: int) -> None:
        """So many there are now."""
        self._connections = connections
        if self._present:
            self._table.cells[self._table.connections(self._number)] = connections

    def beat(self) -> None:
        """Our event loop turns; to be called every second. Who hangs is measured by this, and by no
        clock: where all were stopped together nobody hangs.
        """
        mine = self._table.beats(self._number)
        self._table.cells[mine] += 1
        now = self._table.cells[mine]
        for each in self._others:
            beats = self._table.beats_of(each)
            if beats is None or beats != self._heard[each][0]:
                self._heard[each] = beats or 0, now
        self.silent = frozenset(
            each for each, (_, then) in self._heard.items() if now - then >= SILENT
        )

    def fileno(self) -> int:
        """Readable where something was handed to us."""
        return self._inbox.fileno()

    def hand_on(self, connection: int, listener: int) -> bool:
        """A new connection's descriptor, to who has fewest. Whether it is somebody else's now: then
        it is to be closed here, not shut down. `listener`: by which it came; all have the same.
        """
        if not self._present:
            return False
        load, other = min((self._load(each), each) for each in self._others)
        if load >= self._connections:
            return False
        letter = bytes((listener, self._number))
        try:
            socket.send_fds(self._table.inboxes[other][1], [letter], [connection])
        except OSError:  # there is no room for more
            return False
        self._table.cells[self._table.handed(self._number, other)] += 1
        return True

    def take(self) -> Iterator[tuple[int, socket.socket]]:
        """What was handed to us: the listener, and the connection, which does not block."""
        while True:
            try:
                letter, descriptors, _, _ = socket.recv_fds(self._inbox, _LETTER, 1)
            except OSError:
                return
            listener, sender = letter
            self._table.cells[self._table.taken(self._number, sender)] += 1
            if not descriptors:
                log.warning("connection.not_accepted", reason="there is no descriptor left")
            for each in descriptors:
                connection = socket.socket(fileno=each)
                connection.setblocking(False)
                yield listener, connection

    def _load(self, other: int) -> int:
        """Its connections, and what is on its way to it from us."""
        if other in self.silent:
            return _ABSENT
        cells, table = self._table.cells, self._table
        on_its_way = (
            cells[table.handed(self._number, other)] - cells[table.taken(other, self._number)]
        )
        return cells[table.connections(other)] + on_its_way
