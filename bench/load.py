"""A fast C-STORE load generator in a process of its own: `python -m bench.load JSON`.

A thread per association, blocking sockets, one request at a time each, as modalities do. The clock
runs from the first C-STORE-RQ, when all associations are open, to the last C-STORE-RSP.
"""

import dataclasses
import json
import sys
import threading
import time
from dataclasses import dataclass, field

from bench.instances import EXPLICIT_VR_LITTLE_ENDIAN, KINDS, Kind, uids
from bench.store_message import StoreMessages, send
from bench.upper_layer import (
    Context,
    associate_rq,
    connect,
    open_association,
    read_response,
    release_association,
    status,
)

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
MANY_CONTEXTS = 40  # what a multi-modality workstation or scanner proposes
STORAGE = "1.2.840.10008.5.1.4.1.1."  # root of the storage SOP classes


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `count` instances in all, or fewer once `seconds` have passed and `at_least`
    are sent.
    """

    port: int
    kind: str
    count: int
    associations: int = 1
    seconds: float = 1e9
    at_least: int = 0
    one_each: bool = False  # an association per instance, with 40 presentation contexts
    pause: float = 0.0  # seconds between an answer and the next request
    trace: bool = False  # report when each instance was answered
    called: str = "BENCH"
    calling: str = "LOAD"
    timeout: float = 120.0


@dataclass(slots=True)
class Sent:
    """What an association saw."""

    begun: float = 0.0  # seconds on the monotonic clock, the same for all processes
    ended: float = 0.0
    took: list[float] = field(default_factory=list)  # seconds from request to response
    answered: list[tuple[str, float]] = field(default_factory=list)
    refused: int = 0
    error: str = ""


class Quota:
    """How much is still to be sent, over all associations."""

    def __init__(self, load: Load) -> None:
        self._load, self._lock = load, threading.Lock()
        self._taken, self._end = 0, float("inf")

    def start(self) -> None:
        self._end = time.monotonic() + self._load.seconds

    def take(self) -> bool:
        with self._lock:
            late = self._taken >= self._load.at_least and time.monotonic() > self._end
            if late or self._taken >= self._load.count:
                return False
            self._taken += 1
            return True


class Association(threading.Thread):
    """One modality."""

    def __init__(self, load: Load, number: int, gate: threading.Barrier, quota: Quota) -> None:
        super().__init__(daemon=True)
        self.sent = Sent()
        self._load, self._number, self._gate, self._quota = load, number, gate, quota
        self._kind = KINDS[load.kind]
        self._study = uids()
        contexts = many_contexts(self._kind) if load.one_each else [_context(self._kind.sop_class)]
        self._request = associate_rq(load.called, load.calling, contexts)
        self._socket = connect(load.port, load.timeout)

    def run(self) -> None:
        try:
            self._open()
            self._gate.wait()
            self.sent.begun = time.monotonic()
            (self._one_each if self._load.one_each else self._all_on_one)()
            self.sent.ended = time.monotonic()
            self._close()
        except (OSError, threading.BrokenBarrierError) as error:
            self.sent.error = repr(error)
            self.sent.ended = time.monotonic()
            self._gate.abort()

    def _open(self) -> None:
        granted = open_association(self._socket, self._request)
        if 1 not in granted.contexts:
            raise ConnectionError("the presentation context was refused")
        self._messages = StoreMessages(
            self._kind, self._study, context=1, max_pdu=granted.max_pdu, variant=self._number
        )

    def _close(self) -> None:
        release_association(self._socket)
        self._socket.close()

    def _all_on_one(self) -> None:
        while self._quota.take():
            self._store()
            if self._load.pause:
                time.sleep(self._load.pause)

    def _one_each(self) -> None:
        """The association from before the clock is closed first: every counted one is timed."""
        self._close()
        while self._quota.take():
            began = time.monotonic()
            self._socket = connect(self._load.port, self._load.timeout)
            open_association(self._socket, self._request)
            self._store()
            release_association(self._socket)
            self._socket.close()
            self.sent.took[-1] = time.monotonic() - began
        self._socket = connect(self._load.port, self._load.timeout)
        open_association(self._socket, self._request)

    def _store(self) -> None:
        uid, head = self._messages.next()
        began = time.monotonic()
        send(self._socket, head, self._messages.tail)
        answer = read_response(self._socket)
        now = time.monotonic()
        self.sent.took.append(now - began)
        self.sent.refused += status(answer) != 0
        if self._load.trace:
            self.sent.answered.append((uid.decode(), now))


def many_contexts(kind: Kind) -> list[Context]:
    """The context that is used, first, and others as a modality proposes them."""
    others = [_context(f"{STORAGE}{number}.1") for number in range(100, 99 + MANY_CONTEXTS)]
    return [_context(kind.sop_class), *others]


def _context(sop_class: str) -> Context:
    return sop_class, (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)


def generate(load: Load) -> dict[str, object]:
    """Send it all; the figures."""
    quota = Quota(load)
    gate = threading.Barrier(load.associations, action=quota.start)
    threads = [Association(load, number, gate, quota) for number in range(load.associations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return figures([thread.sent for thread in threads])


def figures(sent: list[Sent]) -> dict[str, object]:
    took = sorted(seconds for each in sent for seconds in each.took)
    begun = min((each.begun for each in sent if each.begun), default=0.0)
    seconds = max((each.ended for each in sent), default=0.0) - begun
    return {
        "instances": len(took),
        "seconds": seconds,
        "rate": len(took) / seconds if seconds else 0.0,
        "p50_ms": percentile(took, 0.50),
        "p99_ms": percentile(took, 0.99),
        "begun": begun,
        "refused": sum(each.refused for each in sent),
        "errors": sorted({each.error for each in sent if each.error}),
        "answered": [pair for each in sent for pair in each.answered],
    }


def percentile(ascending: list[float], share: float) -> float:
    """In milliseconds; 0 of nothing."""
    if not ascending:
        return 0.0
    return 1000 * ascending[min(len(ascending) - 1, int(share * len(ascending)))]


def main() -> None:
    print(json.dumps(generate(Load(**json.loads(sys.argv[1])))))


def argument(load: Load) -> str:
    return json.dumps(dataclasses.asdict(load))


if __name__ == "__main__":
    main()
