"""What is told of the spool's file system: a source of metrics."""

import os
from collections.abc import Iterator

from shared import metrics
from shared.metric import Sample
from shared.spool_sections import SpoolSettings


class Disk:
    def __init__(self, settings: SpoolSettings) -> None:
        self._root = settings.path.absolute()
        self._reserves = {"soft": settings.soft_reserve, "hard": settings.hard_reserve}

    def __call__(self) -> Iterator[Sample]:
        try:
            found = os.statvfs(self._root)
        except OSError:  # the check named spool says so
            return
        yield Sample(metrics.FREE, found.f_bavail * found.f_frsize)
        yield Sample(metrics.SIZE, found.f_blocks * found.f_frsize)
        for name, size in self._reserves.items():
            yield Sample(metrics.RESERVE, size, (name,))
