"""Progress of long work: a bar on a terminal, a line at the end anywhere else."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

WIDTH = 30  # characters of a bar
PAUSE = 0.1  # seconds between drawings


class Progress:
    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream or sys.stderr
        self._done = 0
        self._drawn = 0.0
        self._started = time.monotonic()
        self._live = self._stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finish()

    def at(self, done: int) -> None:
        self._done = done
        if self._live and time.monotonic() - self._drawn > PAUSE:
            self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        filled = WIDTH * self._done // max(self._total, 1)
        bar = "#" * filled + "." * (WIDTH - filled)
        self._stream.write(f"\r{self._label:<28} [{bar}] {self._done}/{self._total}")
        self._stream.flush()

    def _finish(self) -> None:
        if self._live:
            self._draw()
            self._stream.write("\n")
            return
        seconds = time.monotonic() - self._started
        self._stream.write(f"{self._label:<28} {self._done}/{self._total} in {seconds:.1f} s\n")
        self._stream.flush()
