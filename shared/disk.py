"""What is told of the spool's file system: a source of metrics."""

from collections.abc import Iterator

from shared import metrics
from shared.metric import Sample
from shared.reserves import space_at
from shared.spool_sections import SpoolSettings


class Disk:
    def __init__(self, settings: SpoolSettings) -> None:
        self._root = settings.path.absolute()
        self._settings = settings

    def __call__(self) -> Iterator[Sample]:
        try:
            found = space_at(self._root, self._settings)
        except OSError:  # the check named spool says so
            return
        yield Sample(metrics.FREE, found.free)
        yield Sample(metrics.SIZE, found.size)
        for name, size in found.reserves._asdict().items():
            yield Sample(metrics.RESERVE, size, (name,))
