"""How full the spool's file system is, asked at most twice a second."""

import time
from enum import IntEnum
from pathlib import Path

from shared import logs
from shared.reserves import Space, space_at
from shared.spool_sections import SpoolSettings

log = logs.get(__name__)

FRESH = 0.5  # seconds; at 1 GB/s this is 512 MiB, the default hard reserve


class Pressure(IntEnum):
    NONE = 0
    SOFT = 1  # take no new associations
    HARD = 2  # take no instance


WHY = {
    Pressure.NONE: "",
    Pressure.SOFT: "free space is below spool.soft_reserve",
    Pressure.HARD: "free space is below spool.hard_reserve",
}
REFUSED = {
    Pressure.SOFT: "new associations",
    Pressure.HARD: "new associations and every instance",
}


def pressure_of(found: Space) -> Pressure:
    if found.free < found.reserves.hard:
        return Pressure.HARD
    return Pressure.SOFT if found.free < found.reserves.soft else Pressure.NONE


class Watermark:
    def __init__(self, root: Path, settings: SpoolSettings) -> None:
        self._root = root
        self._settings = settings
        self._asked = float("-inf")
        self._pressure = Pressure.NONE

    def pressure(self) -> Pressure:
        now = time.monotonic()
        if now - self._asked >= FRESH:
            self._asked = now
            before, self._pressure = self._pressure, self.measure()
            if self._pressure is not before:
                self._tell()
        return self._pressure

    def measure(self) -> Pressure:
        """Asked anew."""
        try:
            return pressure_of(space_at(self._root, self._settings))
        except OSError:
            return Pressure.HARD  # a file system that cannot even say will not keep anything

    def _tell(self) -> None:
        if self._pressure is Pressure.NONE:
            log.info("spool.relieved")
        else:
            log.warning(
                "spool.pressed", reason=WHY[self._pressure], refused=REFUSED[self._pressure]
            )
