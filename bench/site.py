"""A place where a system is measured: an empty folder and the processes started there."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.placement import spread
from bench.usage import Usage

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
STARTUP = 30.0  # seconds for a process to listen
SHUTDOWN = 15.0  # seconds from SIGTERM to SIGKILL
POLL = 0.02
QUIET = 0.1  # seconds of processor time in one: no work to do
QUIET_PATIENCE = 180.0
LONGEST = 200  # characters of a line of a log that are worth showing
OWN = "DICOMWEB_PROXY_"  # of settings that the user's environment may hold


class Missing(Exception):
    """A program that is not installed."""


class Failed(Exception):
    """A measurement that did not come to its end."""


class Site:
    """Processes started here are measured together and taken down with all they started."""

    def __init__(self) -> None:
        RESULTS.mkdir(parents=True, exist_ok=True)
        spread(RESULTS)
        # Beside the checkout, not in the temporary folder, which is often in memory.
        self.folder = Path(tempfile.mkdtemp(prefix=".site-", dir=RESULTS))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in reversed(self._processes.values()):
            stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.sync()  # what one left to write must not slow the next

    def start(
        self, name: str, argv: Sequence[object], environment: Mapping[str, str] | None = None
    ) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                list(map(str, argv)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=clean_environment() | dict(environment or {}),
                start_new_session=True,
            )

    def stop(self, name: str) -> None:
        stop(self._processes.pop(name))

    def wait_for(self, name: str, port: int) -> None:
        """Until the process listens."""
        self.wait_until(name, partial(listens, port))

    def wait_until(self, name: str, ready: Callable[[], bool], patience: float = STARTUP) -> None:
        deadline = time.monotonic() + patience
        while not ready():
            if self._processes[name].poll() is not None:
                raise Failed(f"{name} ended at once: {self._last_line(name)}")
            if time.monotonic() > deadline:
                raise Failed(f"{name} is not ready")
            time.sleep(POLL)

    def usage(self, *names: str) -> Usage:
        """Of the processes named, or of all."""
        return Usage({name: self._processes[name].pid for name in names or self._processes})

    def wait_until_quiet(self, *names: str) -> None:
        """Until the processes named, or all, have done what they were at."""
        deadline = time.monotonic() + QUIET_PATIENCE
        cpu = 1.0
        while cpu > QUIET:
            if time.monotonic() > deadline:
                raise Failed(f"{', '.join(names)} will not rest")
            with self.usage(*names) as usage:
                time.sleep(1.0)
            cpu = usage.cpu

    def made(self, name: str) -> Path:
        """A new empty folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _last_line(self, name: str) -> str:
        lines = (self.folder / f"{name}.log").read_text(errors="replace").split("\n")
        return next((line.strip()[:LONGEST] for line in reversed(lines) if line.strip()), "")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process as a service manager does, and what it left of its session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(SHUTDOWN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def clean_environment() -> dict[str, str]:
    """The user's, without settings of this project, and with bytecode kept, as images have it."""
    left_out = {"PYTHONDONTWRITEBYTECODE"}
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(OWN) and key not in left_out
    }


def program(name: str, package: str) -> str:
    """Full path of a program outside the virtual environment, whose scripts share DCMTK's names."""
    own = Path(sys.executable).parent
    folders = [each for each in os.environ.get("PATH", "").split(os.pathsep) if Path(each) != own]
    found = shutil.which(name, path=os.pathsep.join([*folders, "/usr/sbin"]))
    if found is None:
        raise Missing(f"{name} is not installed (Debian package {package})")
    return found
