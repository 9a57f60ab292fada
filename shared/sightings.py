"""How long something has been there, by no clock that can be set.

What counts is the time between two looks of one process, if no other has counted since. What nobody
saw counts for nothing: it is never too much, whatever befalls clocks, processes and machines.
"""

import json
import math
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from shared.faults import spool_fault
from shared.folders import alone_in
from shared.regular import open_regular, replace_regular

MODE = 0o640


class Sightings:
    def __init__(self, file: Path) -> None:
        """A JSON object: `seconds` counted in all, and where that stood when each was first
        `seen`.
        """
        self._file = file
        self._counted = -1.0  # as of the last look
        self._looked = 0.0  # time.monotonic()

    def look(self, there: Collection[str]) -> Mapping[str, float]:
        """Seconds that each of those that are there was seen. Raises SpoolError where that cannot
        be remembered.
        """
        try:
            with alone_in(self._file.parent):
                return self._look(there)
        except OSError as error:
            raise spool_fault(error, f"remember what {self._file.parent.name} holds") from None

    def _look(self, there: Collection[str]) -> Mapping[str, float]:
        counted, seen = _read(self._file)
        now = time.monotonic()
        if counted == self._counted:  # else another process has counted
            counted += now - self._looked
        seen = {each: min(seen.get(each, counted), counted) for each in there}
        replace_regular(self._file, json.dumps({"seconds": counted, "seen": seen}), MODE)
        self._counted, self._looked = counted, now
        return {each: counted - begun for each, begun in seen.items()}


def _read(file: Path) -> tuple[float, dict[str, float]]:
    """Nothing at all of what is none of ours, whatever it is: then it begins anew."""
    with suppress(OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        with os.fdopen(open_regular(file), encoding="utf-8") as stream:
            found = json.load(stream)
        seen = {str(each): _seconds(begun) for each, begun in found["seen"].items()}
        return _seconds(found["seconds"]), seen
    return 0.0, {}


def _seconds(value: object) -> float:
    """Raises ValueError for anything else."""
    if not isinstance(value, float) or not math.isfinite(value) or value < 0:
        raise ValueError
    return value
