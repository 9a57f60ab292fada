"""Delivered instances that stay for a while, in case the archive loses them or is in doubt.

    <root>/.delivered/<destination>/<YYYYMMDDHH>/<name>.dcm

They are the first to go when space runs low: no modality is turned away for their sake.
"""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from shared import logs, removal
from shared.entry import SUFFIX, Entry
from shared.folders import MODE, names
from shared.ledger import Leaving

FOLDER = ".delivered"
HOUR = 3600.0  # seconds; what is in a folder was delivered within one

log = logs.get(__name__)


class Delivered:
    def __init__(self, root: Path, keep: float) -> None:
        """`keep`: seconds; 0 removes at once."""
        self._root = root
        self._keep = keep

    def retire(self, leaving: Iterable[Leaving]) -> dict[Path, OSError]:
        """Out of the spool, whether they can be kept or not: they would be sent again. A file that
        is gone is fine. Those that could not be removed, and why.
        """
        return removal.remove_all(
            each.file for each in leaving if not self._keep or not self._kept(each.entry, each.file)
        )

    def tidy(self, now: float) -> None:
        """Remove what has been kept long enough, by the hour."""
        oldest = time.strftime("%Y%m%d%H", time.gmtime(max(0.0, now - self._keep - HOUR)))
        for folder in self._folders():
            if folder.name < oldest:
                shutil.rmtree(folder, ignore_errors=True)

    def relieve(self) -> bool:
        """Remove the oldest hour that can be removed; whether there was one."""
        for folder in sorted(self._folders(), key=lambda each: each.name):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                hour, destination = folder.name, folder.parent.name
                log.warning("delivered.sacrificed", hour=hour, destination=destination)
                return True
        return False

    def _kept(self, entry: Entry, file: Path) -> bool:
        hour = time.strftime("%Y%m%d%H", time.gmtime())
        folder = self._root / FOLDER / entry.destination / hour
        try:
            folder.mkdir(MODE, parents=True, exist_ok=True)
            removal.move(file, folder / (entry.name + SUFFIX))
        except FileNotFoundError:  # the file is gone, or the folder, just now
            return False
        except OSError as error:
            log.warning("delivered.not_kept", reason=os.strerror(error.errno or 0))
            return False
        return True

    def _folders(self) -> list[Path]:
        root = self._root / FOLDER
        return [
            root / destination / hour
            for destination in names(root)
            for hour in names(root / destination)
        ]
