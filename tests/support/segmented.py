"""A spool that keeps what is small in segments, and the ways of a receiver with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from shared import segment
from shared.entry import Entry
from shared.segments import Commit
from shared.sender import Sender
from shared.spool import Spool
from shared.spool_sections import SpoolSettings
from shared.staging import Staged

SYNCS = pytest.mark.parametrize("sync", [True, False])  # of the spool: in a thread, or at once
CALM = {"soft_reserve": 0, "hard_reserve": 0}


class Gathering:
    """A spool and what came of what was committed."""

    def __init__(self, path: Path, **settings: object) -> None:
        self.spool = Spool(SpoolSettings.model_validate({"path": path, **CALM, **settings}))
        self.spool.open()
        self.told: SimpleQueue[Commit] = SimpleQueue()
        self.gathers = self.spool.gather(self._tell)

    def _tell(self, commits: Sequence[Commit]) -> None:
        for each in commits:
            self.told.put(each)

    def commit(
        self, data: bytes, to: str = "cloud", *, urgent: bool = False, sender: Sender | None = None
    ) -> None:
        staged = self.spool.stage()
        assert isinstance(staged, Staged)
        staged.write(data)
        assert staged.in_memory
        commit = Commit(staged.hand_over(), to, urgent, sender, None)
        self.spool.commit(commit)
        if not self.spool.commits_later:
            self._tell([commit])

    def next_told(self) -> Commit:
        return self.told.get(timeout=20)

    def keep(
        self, data: bytes, to: str = "cloud", *, urgent: bool = False, sender: Sender | None = None
    ) -> Entry:
        """Raises SpoolError."""
        self.commit(data, to, urgent=urgent, sender=sender)
        done = self.next_told()
        if done.fault:
            raise done.fault
        assert done.entry
        return done.entry

    def segment(self, entry: Entry) -> Path:
        return self.spool.file(entry).parent.parent


@contextmanager
def gathering(path: Path, **settings: object) -> Iterator[Gathering]:
    """On a file system that has direct writes and holes; elsewhere than on Linux nothing has."""
    if not segment.DIRECT:
        pytest.skip("segments are for Linux")
    kept = Gathering(path, **settings)
    try:
        assert kept.gathers
        yield kept
    finally:
        kept.spool.close()


def damage(own: Gathering, entry: Entry) -> None:
    """What is known of it is lost."""
    offset = int(entry.path.split("/")[-2], 16)
    with own.segment(entry).open("r+b") as file:
        file.seek(offset)
        file.write(b"damaged!")
