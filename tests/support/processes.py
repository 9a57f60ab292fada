"""Services as processes of their own, configured by environment, with their logs."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from shared.sections import PREFIX
from tests.support.ports import listens
from tests.support.waiting import wait_until


class Service:
    """`python -m MODULE`; ended, with all it started, at the end of the with statement."""

    def __init__(self, module: str, folder: Path, environment: Mapping[str, object]) -> None:
        self._command = [sys.executable, "-m", module]
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(PREFIX)},
            **{PREFIX + key: str(value) for key, value in environment.items()},
        }
        self.extra: dict[str, str] = {}  # more environment, from the next start on
        self._health = int(self._environment.get(f"{PREFIX}HEALTH__PORT", "0"))
        self._port = (
            self._environment.get(f"{PREFIX}RECEIVE__PORT") if module == "receiver" else None
        )
        self._log = folder / f"{module}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                env=self._environment | self.extra,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return self

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    @property
    def records(self) -> list[dict[str, Any]]:
        """Of its log."""
        whole, _, _ = self.log.rpartition("\n")  # the last line may be under way
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log records of that event."""
        return [each for each in self.records if each.get("event") == name]

    def ready(self) -> tuple[int, dict[str, object]]:
        """What /readyz says; (0, {}) if nobody answers."""
        address = f"http://127.0.0.1:{self._health}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def wait_ready(self) -> None:
        wait_until(self._is_ready, 30, "the service is ready")
        if self._port:  # a receiver's health port is there before
            port = int(self._port)
            wait_until(lambda: listens(port), 30, "the service listens")

    def _is_ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log  # it will never be, and says why
        return self.ready()[0] == 200

    @property
    def children(self) -> list[int]:
        assert self.process
        return children(self.process.pid)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def terminate(self, timeout: float = 20.0) -> int:
        assert self.process
        self.process.terminate()
        return self.process.wait(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            mine = self.children
            self.process.kill()
            self.process.wait()
            for each in mine:
                if alive(each):
                    os.kill(each, signal.SIGKILL)


def of_uploader(redis_url: str, spool: Path, **more: object) -> dict[str, object]:
    """Settings of one with a single worker, on that spool, without a health port."""
    return {
        "UPLOAD__WORKERS": 1,
        "REDIS__URL": redis_url,
        "SPOOL__PATH": spool,
        "SPOOL__SYNC": "false",
        "HEALTH__PORT": 0,
        **more,
    }


def children(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True, check=False
    )
    return [int(each) for each in found.stdout.split()]


def alive(pid: int) -> bool:
    found = subprocess.run(
        ["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.strip().startswith("Z")
