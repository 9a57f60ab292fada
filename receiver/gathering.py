"""Instances that are kept together with others that came at the same time, and their answers."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from shared.entry import Entry
from shared.errors import SpoolError
from shared.segments import IDLE, Commit
from shared.sender import Sender
from shared.spool import Spool
from shared.staging import Staged

Announce = Callable[[Sequence[Entry]], None]


class Gathering:
    def __init__(self, spool: Spool, announce: Announce) -> None:
        """`announce` is told of what was kept, from a thread; it must neither block nor raise."""
        self._spool = spool
        self._announce = announce
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = spool.openings
        self._possible = spool.gather(self._committed)

    @property
    def possible(self) -> bool:
        """Where a receiver began on a full disk, once there is room."""
        if not self._possible and self._asked != self._spool.openings:
            self._asked = self._spool.openings
            self._possible = self._spool.gather(self._committed)
        return self._possible

    async def keep(
        self, staged: Staged, destination: str, *, urgent: bool, sender: Sender | None
    ) -> Entry:
        """Raises SpoolError."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._rest(loop)
        ended = None
        if self._spool.commits_later:  # else nobody can abandon it before
            staged, ended = staged.hand_over(), loop.create_future()
        commit = Commit(staged, destination, urgent, sender, ended)
        self._spool.commit(commit)
        if ended:
            await ended
        else:
            self._tell_of([commit])
        if commit.entry is None:
            raise commit.fault or SpoolError("cannot keep an instance")
        return commit.entry

    def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        self._spool.rest()
        loop.call_later(IDLE, self._rest, loop)

    def _committed(self, commits: Sequence[Commit]) -> None:
        # Announced here: an association that ends meanwhile takes nothing back.
        try:
            self._tell_of(commits)
        finally:
            if self._loop:
                with contextlib.suppress(RuntimeError):  # it is closed: nobody waits any more
                    self._loop.call_soon_threadsafe(_end, commits)

    def _tell_of(self, commits: Sequence[Commit]) -> None:
        self._announce([each.entry for each in commits if each.entry])


def _end(commits: Sequence[Commit]) -> None:
    for each in commits:
        ended = each.token
        if isinstance(ended, asyncio.Future) and not ended.done():
            ended.set_result(None)
