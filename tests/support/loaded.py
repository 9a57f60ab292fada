"""The composed system of tests/stack/loaded.yml under load, and what became of what was sent."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.support.compose import ISOLATED, Composed, composed
from tests.support.modality import Modality
from tests.support.ports import free_port
from tests.support.sending import ARRIVAL
from tests.support.waiting import wait_until

OVERRIDES = ISOLATED.with_name("loaded.yml")
BATCH = 256  # instances in a request, at most
SITE = ("receiver", "second", "uploader", "redis")
SITE_B = ("receiver_b", "uploader_b", "redis_b")
SERVICES = (*SITE, *SITE_B, "origin")


@dataclass
class Loaded:
    system: Composed
    ports: dict[str, int]  # of each receiver
    origin_port: int
    studies: int = 0  # begun so far

    def modality(self, receiver: str, folder: Path) -> Modality:
        """Of a study that nobody else sends."""
        self.studies += 1
        return Modality(folder, self.ports[receiver], self.studies)

    def scale(self, uploaders: int) -> None:
        """Without touching those that run."""
        self.system.start(
            "--no-recreate", "--no-deps", "--scale", f"uploader={uploaders}", "uploader"
        )

    def replace(self, service: str) -> None:
        """Killed, and begun anew from its image."""
        self.system.run("kill", service)
        self.system.start("--force-recreate", "--no-deps", service)

    def stores(self) -> list[str]:
        """The SOP Instance UIDs of every store, in order."""
        with urlopen(f"http://127.0.0.1:{self.origin_port}/stores", timeout=10) as response:
            found: list[str] = json.load(response)
        return found

    def missing(self, *modalities: Modality) -> set[str]:
        """What was acknowledged and has not arrived."""
        return set().union(*(each.acknowledged for each in modalities)) - {*self.stores()}

    def judge(self, *modalities: Modality, interrupted: int) -> None:
        """`interrupted`: requests, at most, whose end could not be noted."""
        wait_until(lambda: not self.missing(*modalities), ARRIVAL, "all acknowledged arrive")
        sent = set().union(*(each.acknowledged for each in modalities))
        again = set().union(*(each.sent_again for each in modalities))
        stores = [each for each in self.stores() if each in sent]
        twice = len(stores) - len(sent)
        assert twice <= BATCH * interrupted + len(again), f"{twice} of {len(sent)} arrived twice"


@contextlib.contextmanager
def loaded() -> Iterator[Loaded]:
    ports = {each: free_port() for each in ("second", "receiver_b")}
    origin_port = free_port()
    given = {
        "SECOND_PORT": str(ports["second"]),
        "SITE_B_PORT": str(ports["receiver_b"]),
        "ORIGIN_PORT": str(origin_port),
    }
    with composed("--scale", "uploader=4", *SERVICES, given=given, extra=[OVERRIDES]) as system:
        yield Loaded(system, {**ports, "receiver": system.receive_port}, origin_port)
