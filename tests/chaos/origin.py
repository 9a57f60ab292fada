"""The origin server of the chaos run: stores, remembers every byte sequence, and misbehaves."""

import hashlib
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.chaos.poison import Poison
from tests.support.origin_server import Answer, Exchange, OriginServer, well
from tests.support.origin_store import Duplicates, Holdings, Sent
from tests.support.ports import free_port

STATUSES = {Poison.FAILED_ON: 500, Poison.TOO_LARGE: 413, Poison.REFUSED: 400}  # first decides
CANNOT_UNDERSTAND = 0xC000


class Recording(Holdings):
    """Knows how often it stored which bytes under which UID."""

    def __init__(self) -> None:
        super().__init__(Duplicates.LIKE_NEW, keep_bytes=False)
        self.parts: dict[str, Counter[str]] = {}

    def _keep(self, each: Sent, *, overwrite: bool) -> tuple[int | str, str]:
        kept = super()._keep(each, overwrite=overwrite)
        with self.lock:
            digest = hashlib.sha256(each.part).hexdigest()
            self.parts.setdefault(each.uid, Counter())[digest] += 1
        return kept


class Origin:
    """Keeps its port and what it holds while the server behind it comes and goes."""

    def __init__(self) -> None:
        self.holdings = Recording()
        self.poison: dict[str, Poison] = {}
        self.misbehave: Answer | None = None
        self.stores_all_the_same = False  # and the sender does not learn of it
        self.interrupted = 0  # such requests
        self.requests = 0
        self._port = free_port()
        self._server: OriginServer | None = None
        self._lock = threading.Lock()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}/dicom-web/studies"

    def up(self) -> None:
        self._server = OriginServer(port=self._port, keep_bytes=False)
        self._server.holdings = self.holdings
        self._server.always = self._answer
        self._server.__enter__()

    def down(self) -> None:
        if self._server:
            self._server.__exit__()
            self._server = None

    def be_slow(self, seconds: float) -> None:
        if self._server:
            self._server.latency = seconds

    def _answer(self, exchange: Exchange) -> None:
        if exchange.command != "POST":
            well(exchange)
            return
        misbehave = self.misbehave
        with self._lock:
            self.requests += 1
            self.interrupted += bool(misbehave and self.stores_all_the_same)
        (misbehave or self._store)(exchange)

    def _store(self, exchange: Exchange) -> None:
        sent = exchange.read_instances()
        found = {self.poison.get(each.uid) for each in sent}
        for kind, status in STATUSES.items():
            if kind in found:
                exchange.respond(status)
                return
        exchange.respond_json(*self._stored(sent))

    def _stored(self, sent: Sequence[Sent], left_out: Sequence[str] = ()) -> tuple[int, Any]:
        failures: dict[str, int | str | None] = {
            each.uid: CANNOT_UNDERSTAND
            for each in sent
            if self.poison.get(each.uid) is Poison.NAMED
        }
        mentioned = [
            each
            for each in sent
            if each.uid not in left_out and self.poison.get(each.uid) is not Poison.UNMENTIONED
        ]
        return self.holdings.store(mentioned, failures=failures)

    def store_half(self, exchange: Exchange) -> None:
        """A 200 that says nothing of every other instance, and has not stored it."""
        sent = exchange.read_instances()
        exchange.respond_json(200, self._stored(sent, [each.uid for each in sent[1::2]])[1])
