"""An uploader's drain in this process: real spool, Redis and origin server, no RQ in between."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from shared.config import Settings
from shared.destination import Destination
from shared.entry import Entry
from shared.index import Counts
from shared.sections import RedisSettings, Upload
from shared.sender import Sender
from shared.spool_sections import SpoolSettings
from tests.support.instances import Made
from tests.support.spools import keep
from uploader.drain import Drain
from uploader.origin import Origin
from uploader.pace import pace_of
from uploader.workplace import Workplace, furnish

FAST = {"retry_base": 0.02, "retry_cap": 0.2, "lease": 2.0}  # seconds; see Upload


def settings(
    redis: RedisSettings, folder: Path, *destinations: Destination, **upload: Any
) -> Settings:
    return Settings(
        redis=redis,
        spool=SpoolSettings(path=folder / "spool", sync=False, soft_reserve=0, hard_reserve=0),
        upload=Upload(**{**FAST, **upload}),
        destinations=destinations,
    )


class Uploading:
    """One destination's ticks, run when the test says so."""

    def __init__(self, made: Settings) -> None:
        [self.destination] = made.upload_destinations
        self.at: Workplace = furnish(made)
        self.at.spool.open()
        self.origin = Origin(self.destination, pace_of(self.at.client, self.destination))
        self.drain = Drain(self.origin, self.at)

    def keep(
        self, *instances: Made, urgent: bool = False, sender: Sender | None = None
    ) -> list[Entry]:
        """Receive and announce."""
        names = (self.destination.name,)
        kept = [
            entry
            for each in instances
            for entry in keep(
                self.at.spool, each.path.read_bytes(), names, urgent=urgent, sender=sender
            )
        ]
        self.at.index.add(kept)
        return kept

    @property
    def counts(self) -> Counts:
        return self.at.index.counts(self.destination.name)

    @property
    def left(self) -> list[Entry]:
        """What the spool still keeps."""
        return list(self.at.spool.scan(self.destination.name))

    def run(self, timeout: float = 20.0) -> None:
        """Tick until the spool is empty."""
        deadline = time.monotonic() + timeout
        while self.left:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not delivered: {len(self.left)}; {self.counts}")
            self.drain.tick()
            time.sleep(0.005)

    def run_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.drain.tick()
            time.sleep(0.005)

    def close(self) -> None:
        self.at.lease.close()
        self.origin.close()
        self.at.spool.close()


@contextlib.contextmanager
def uploading(made: Settings) -> Iterator[Uploading]:
    running = Uploading(made)
    try:
        yield running
    finally:
        running.close()


Begin = Callable[..., Uploading]  # settings of the destination, then of uploads
