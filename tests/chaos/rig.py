"""The proxy under test: a real receiver, two uploaders and a Redis, with an origin server."""

import contextlib
import random
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.origin import Origin
from tests.support.origin_server import Answer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.small_disk import SmallDisk, StandIn, small_disk
from tests.support.waiting import wait_until

UPLOADERS = 2
WORKERS = 2  # of each
RESTART = 0.5  # seconds after which a container engine starts a process again
DISK = 96 * 1024 * 1024  # bytes
BATCH = 64  # instances in a request
KEEPS = ("--appendonly", "yes", "--appendfsync", "everysec")
CONFIGURATION = """
[receive]
host = "127.0.0.1"
port = {port}
[spool]
path = "{spool}"
soft_reserve = 0
hard_reserve = 0
[redis]
url = "{redis}"
[health]
port = 0
[upload]
workers = {workers}
lease = 4
tick = 2
retry_base = 0.1
retry_cap = 2
rescan = 10
max_attempts = 3
drain_timeout = 10
[[destinations]]
name = "cloud"
upload_uri = "{uri}"
timeout = 3
batch_instances = {batch}
"""


class Rig:
    def __init__(self, folder: Path, disk: SmallDisk, seed: int) -> None:
        self.chance = random.Random(seed)
        self.port = free_port()
        self.spool = disk.path / "spool"
        self.origin = Origin()
        self.redis = RedisServer(folder, *KEEPS)
        self.receiver = self._service("receiver", folder / "receiver")
        self.uploaders = [
            self._service("uploader", folder / f"uploader-{number}") for number in range(UPLOADERS)
        ]
        self._folder = folder
        self._disk = disk
        (folder / "proxy.toml").write_text(
            CONFIGURATION.format(
                port=self.port,
                spool=self.spool,
                redis=self.redis.settings.url,
                uri=self.origin.uri,
                workers=WORKERS,
                batch=BATCH,
            )
        )

    def start(self) -> None:
        self.redis.start()
        self.origin.up()
        for each in (self.receiver, *self.uploaders):
            each.start()
        wait_until(self._listens, 30, "the receiver listens")

    def stop(self) -> None:
        for each in (*self.uploaders, self.receiver):
            each.__exit__()
        self.redis.__exit__()
        self.origin.down()

    def restart(self, service: Service, **environment: str) -> None:
        """Kill -9, and again as a container engine would."""
        service.kill()
        time.sleep(RESTART)
        service.extra = environment
        service.start()

    def restart_redis(self, *, empty: bool, down: float) -> None:
        self.redis.kill()
        if empty:
            shutil.rmtree(self._folder / "appendonlydir", ignore_errors=True)
        time.sleep(down)
        self.redis.start()

    def misbehave(self, answer: Answer, seconds: float, *, stores: bool = False) -> None:
        """Have the origin server answer so; `stores`: it keeps what it does not confirm."""
        self.origin.misbehave, self.origin.stores_all_the_same = answer, stores
        time.sleep(seconds)
        self.origin.misbehave = None

    def keep_logs(self, folder: Path) -> None:
        for log in self._folder.glob("*/*.log"):
            target = folder / log.parent.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(log, target)

    def fill_disk(self) -> None:
        if isinstance(self._disk, StandIn):
            self._limit_files(4096)
        else:
            self._disk.fill()

    def free_disk(self) -> None:
        if isinstance(self._disk, StandIn):
            self._limit_files(resource.RLIM_INFINITY)
        else:
            self._disk.free()

    def _limit_files(self, size: int) -> None:
        """For those who may not mount a small disk: no file of the receiver grows."""
        assert self.receiver.process
        pid = self.receiver.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))

    def _service(self, module: str, folder: Path) -> Service:
        folder.mkdir()
        return Service(module, folder, {"CONFIG": folder.parent / "proxy.toml"})

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextlib.contextmanager
def rig(folder: Path, seed: int) -> Iterator[Rig]:
    mounted = folder / "disk"
    mounted.mkdir()
    with small_disk(mounted, DISK) as disk:
        running = Rig(folder, disk, seed)
        try:
            running.start()
            yield running
        finally:
            running.stop()
