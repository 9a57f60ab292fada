"""`dicomweb-proxy up` as a process of its own, on loopback and ephemeral ports."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.sections import PREFIX
from standalone.ready import Announced

START_TIMEOUT = 45  # seconds; a machine that runs all tests at once is slow


@dataclass(frozen=True, slots=True)
class Running:
    port: int
    process: Announced
    log: Path
    spool: Path

    def logged(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self) -> dict[str, int]:
        """Process ids by the module or program that each runs (Linux only)."""
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                parent = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                if entry.name.isdigit() and parent == self.process.pid:
                    arguments = entry.joinpath("cmdline").read_bytes().split(b"\0")
                    found[_name([each.decode() for each in arguments])] = int(entry.name)
        return found


def environment(folder: Path, **settings: object) -> dict[str, str]:
    """Without settings of the machine; `settings` as UPLOAD__URI=…"""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    ours: dict[str, object] = {
        "RECEIVE__HOST": "127.0.0.1",
        "RECEIVE__PORT": 0,
        "RECEIVE__DRAIN_TIMEOUT": 5,
        "SPOOL__PATH": folder / "spool",
        "SPOOL__SOFT_RESERVE": 0,
        "SPOOL__HARD_RESERVE": 0,
        "UPLOAD__WORKERS": 1,
        "LOG__LEVEL": "debug",
        **settings,
    }
    return inherited | {PREFIX + key: str(value) for key, value in ours.items()}


@contextlib.contextmanager
def proxy(folder: Path, **settings: object) -> Iterator[Running]:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "proxy.log"
    with log.open("ab") as output:
        process = Announced(
            [sys.executable, "-m", "standalone.cli", "up"],
            environment=environment(folder, **settings),
            output=output,
            stdin=subprocess.DEVNULL,
        )
    with process:
        try:
            address = process.wait_ready(START_TIMEOUT)
            if address is None:
                raise RuntimeError(log.read_text(errors="replace"))
            port = int(address.rpartition(":")[2])
            yield Running(port, process, log, folder / "spool")
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def run_up(folder: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """For what must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "standalone.cli", "up"],
        env=environment(folder, **settings),
        check=False,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT,
    )


def _name(arguments: list[str]) -> str:
    if "standalone.child" in arguments:
        return arguments[arguments.index("standalone.child") + 1]
    return Path(arguments[0].partition(" ")[0]).name  # Valkey writes its address behind its name
