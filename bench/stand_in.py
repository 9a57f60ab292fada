"""Servers of the bench itself, beside what is measured and not part of it."""

import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from bench.site import POLL, ROOT, STARTUP, Failed, clean_environment, free_port, listens, stop


class StandIn:
    """A module of the bench, run as `python -m MODULE PORT …` while the `with` lasts."""

    def __init__(self, module: str, *arguments: object) -> None:
        self.port = free_port()
        argv = [sys.executable, "-m", module, str(self.port), *map(str, arguments)]
        self._process = subprocess.Popen(argv, cwd=ROOT, env=clean_environment())
        deadline = time.monotonic() + STARTUP
        while not listens(self.port):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise Failed(f"{module} does not listen")
            time.sleep(POLL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        stop(self._process)
