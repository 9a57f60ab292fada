"""Syncs of a folder, shared: receptions that finish together need one sync between them."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


def sync_folder(path: str) -> None:
    """Make the names in a folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Round(Future[None]):
    begun_by_someone = False


class SharedSync:
    """Syncs one folder for any number of threads. A call returns once a sync that *began* after the
    call has ended: one that was already running may have missed the caller's rename.
    """

    def __init__(self, path: str, sync: Callable[[str], None] = sync_folder) -> None:
        self._path = path
        self._sync = sync
        self._joining = Lock()
        self._syncing = Lock()
        self._next = _Round()

    def __call__(self) -> None:
        with self._joining:
            ours = self._next
            leads = not ours.begun_by_someone
            ours.begun_by_someone = True
        if leads:
            with self._syncing:
                self._run(ours)
        ours.result()

    def _run(self, ours: _Round) -> None:
        with self._joining:
            self._next = _Round()  # whoever comes now is too late for ours
        try:
            self._sync(self._path)
        except OSError as error:
            ours.set_exception(error)
        else:
            ours.set_result(None)
