"""The worker processes of an uploader: started, restarted when they fall, ended together."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shared import logs, memory

log = logs.get(__name__)

FIRST_PAUSE = 0.2  # seconds before what fell is started again; doubled each time
LONGEST_PAUSE = 30.0
HEALTHY = 60.0  # seconds after which a fall counts as the first one


@dataclass(slots=True)
class _Worker:
    number: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0  # time.monotonic()
    falls: int = 0
    start_at: float = 0.0  # time.monotonic()


class Workers:
    def __init__(self, count: int, arguments: Sequence[str]) -> None:
        """`arguments`: for uploader.worker, after the pipe's descriptor."""
        self._arguments = arguments
        self._workers = [_Worker(number) for number in range(1, count + 1)]
        self._reader, self._writer = os.pipe()  # its end tells workers that we are gone

    def tend(self) -> None:
        """Start those that do not run and are due."""
        now = time.monotonic()
        for each in self._workers:
            if each.process and each.process.poll() is not None:
                self._fell(each, each.process.returncode, now)
            if each.process is None and now >= each.start_at:
                each.process, each.started = self._spawn(), now

    def missing(self) -> str | None:
        """A health check."""
        running = sum(1 for each in self._workers if each.process)
        return None if running else "no worker runs"

    def end(self, grace: float) -> None:
        """Ask all to end after the request under way; end those that do not within `grace`."""
        processes = [each.process for each in self._workers if each.process]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + grace
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker.killed", pid=process.pid)
                process.kill()
                process.wait()
        os.close(self._writer)
        os.close(self._reader)

    def _fell(self, worker: _Worker, code: int, now: float) -> None:
        worker.falls = 1 if now - worker.started > HEALTHY else worker.falls + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(worker.falls - 1, 30))
        worker.process, worker.start_at = None, now + pause
        log.warning("worker.fell", worker=worker.number, exit_code=code, restart_in=pause)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in a terminal is for us to hand on, once.
        return subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "uploader.worker", str(self._reader), *self._arguments],
            stdin=subprocess.DEVNULL,
            env=memory.environment(),
            pass_fds=(self._reader,),
            start_new_session=True,
        )
