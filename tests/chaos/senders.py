"""Modalities that send without pause: each instance again and again until it is answered 0x0000."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pynetdicom.association import Association

from standalone import modality
from standalone.modality import PeerFault, Target
from tests.chaos.poison import poison
from tests.chaos.rig import Rig
from tests.chaos.scale import Scale
from tests.support.instances import CT_IMAGE, EXPLICIT_VR_LE, Made, make

SUCCESS = 0x0000
MOST = 40  # instances in an association
PAUSE = 0.2  # seconds after a refusal


@dataclass
class Sent:
    """What modalities know. `acknowledged`: SOP Instance UID -> SHA-256 of the data set."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: Counter[str] = field(default_factory=Counter)  # sends that may have been kept
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0  # associations
    slowest: float = 0.0  # seconds for an answer


class Senders:
    def __init__(self, rig: Rig, scale: Scale, folder: Path) -> None:
        self.sent = Sent()
        self._rig = rig
        self._scale = scale
        self._folder = folder
        self._next = 0
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._threads = [
            threading.Thread(target=self._send_all, args=(number,), daemon=True)
            for number in range(scale.senders)
        ]

    def start(self) -> None:
        for each in self._threads:
            each.start()

    def join(self) -> None:
        for each in self._threads:
            each.join()

    @property
    def done(self) -> bool:
        return not any(each.is_alive() for each in self._threads)

    def _send_all(self, sender: int) -> None:
        chance = random.Random(sender)
        while batch := self._take(chance.randint(1, MOST)):
            left = batch
            while left := self._send(left):
                time.sleep(PAUSE)
            for each in batch:
                each.path.unlink()

    def _take(self, count: int) -> list[Made]:
        """Instances that are due by now; none when all were taken."""
        with self._lock:
            first = self._next
            self._next = last = min(first + count, self._scale.instances)
        due = self._began + last / self._scale.rate
        time.sleep(max(0.0, due - time.monotonic()))
        made = []
        for number in range(first, last):
            each = make(self._folder, number, size=self._scale.size)
            if kind := poison(self._scale, number):
                self._rig.origin.poison[each.uid] = kind
            made.append(each)
        return made

    def _send(self, batch: Sequence[Made]) -> list[Made]:
        """Over one association; what was not answered 0x0000."""
        left = list(batch)
        context = modality.context(CT_IMAGE, EXPLICIT_VR_LE)
        try:
            with modality.association(Target("127.0.0.1", self._rig.port), [context]) as made:
                for each in batch:
                    if self._store(made, each):
                        left.remove(each)
        except (PeerFault, OSError):
            with self._lock:
                self.sent.broken += 1
        return left

    def _store(self, association: Association, each: Made) -> bool:
        began = time.monotonic()
        with self._lock:
            self.sent.unanswered[each.uid] += 1
        status = modality.store(association, each.path)
        with self._lock:
            self.sent.unanswered[each.uid] -= 1
            self.sent.statuses[status] += 1
            self.sent.slowest = max(self.sent.slowest, time.monotonic() - began)
            if status == SUCCESS:
                self.sent.acknowledged[each.uid] = each.data_set_sha256
        return status == SUCCESS
