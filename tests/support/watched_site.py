"""A whole site at debug level, and everything that it leaves where people without a login look."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shared.sections import PREFIX
from tests.support.canaries import found_in
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.ups_server import Script, UpsServer

LIVE_PATHS = ("/livez", "/readyz", "/nothing", "/metrics")
# Every write ever made, in the file before it is answered.
KEEP_ALL = (
    *("--appendonly", "yes", "--appendfsync", "always"),
    *("--auto-aof-rewrite-percentage", "0"),
)
# The instances themselves, which only the spool's owner reads.
WITH_PATIENT_DATA = {".dcm", ".seg"}


class Traces:
    """What was seen, by the channel that told it."""

    def __init__(self) -> None:
        self.seen: dict[str, list[bytes]] = defaultdict(list)

    def note(self, channel: str, *told: str | bytes) -> None:
        self.seen[channel] += [each.encode() if isinstance(each, str) else each for each in told]

    def leaks(self, channel: str) -> list[str]:
        return [leak for told in self.seen[channel] for leak in found_in(told)]

    def note_folder(self, folder: Path) -> None:
        """Names of all files, and what stands in those that are no instances."""
        for path in folder.rglob("*"):
            self.note("file names", str(path.relative_to(folder)))
            instance = path.suffix in WITH_PATIENT_DATA or path.parent.name == ".incoming"
            if not instance and path.is_file():
                self.note("spool records", path.read_bytes())

    def note_redis(self, folder: Path) -> None:
        """All keys, values and job arguments that there ever were."""
        for path in (folder / "appendonlydir").iterdir():
            self.note("Redis", path.read_bytes())

    def note_health(self, port: int) -> None:
        for path in LIVE_PATHS:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                    self.note("health endpoint", str(answer.headers), answer.read())
            except urllib.error.HTTPError as error:
                self.note("health endpoint", str(error.headers), error.read())


CONFIGURATION = """\
[[destinations]]
name = "cloud"
upload_uri = "{cloud}"
worklist_uri = "{worklist}"
timeout = 1.5
auth = {{ kind = "none" }}

[[destinations]]
name = "down"
upload_uri = "http://127.0.0.1:{nobody}/studies"
auth = {{ kind = "none" }}

[[routes]]
called_ae = "REFUSE"
action = "refuse"
reason = "not here"

[[routes]]
called_ae = "DISCARD"
action = "discard"
reason = "phantoms"

[[routes]]
called_ae = "BOTH"
upload_to = ["cloud", "down"]

[[routes]]
modality = "ZZ"
action = "refuse"
reason = "not here"

[routing]
default_to = ["cloud"]
"""


class Site:
    def __init__(
        self, folder: Path, redis: RedisServer, cloud: OriginServer, ups: UpsServer
    ) -> None:
        self.folder, self.redis, self.cloud = folder, redis, cloud
        self.spool = folder / "spool"
        self.traces = Traces()
        self.health = {name: free_port() for name in ("receiver", "uploader", "worklist")}
        self.port, self.worklist_port = free_port(), free_port()
        config = folder / "proxy.toml"
        config.write_text(
            CONFIGURATION.format(cloud=cloud.uri, worklist=ups.workitems_uri, nobody=free_port())
        )
        self._environment: dict[str, object] = {
            "CONFIG": config,
            "RECEIVE__HOST": "127.0.0.1",
            "RECEIVE__PORT": self.port,
            "WORKLIST__HOST": "127.0.0.1",
            "WORKLIST__PORT": self.worklist_port,
            "HEALTH__HOST": "127.0.0.1",
            "REDIS__URL": redis.settings.url,
            "SPOOL__PATH": self.spool,
            "SPOOL__SOFT_RESERVE": 0,
            "SPOOL__HARD_RESERVE": 0,
            "UPLOAD__WORKERS": 2,
            "UPLOAD__LEASE": 2,
            "UPLOAD__MAX_ATTEMPTS": 2,
            "UPLOAD__RETRY_BASE": 0.05,
            "UPLOAD__RETRY_CAP": 0.3,
            "LOG__LEVEL": "debug",
            "AUDIT__TO": "file",
            "AUDIT__FILE": folder / "audit.jsonl",
            "AUDIT__IDENTIFIERS": "true",
        }
        self.services = {name: self._service(name) for name in self.health}

    def command(self, *arguments: str) -> object:
        """`dicomweb-proxy` with JSON as its output."""
        ours = {PREFIX + key: str(value) for key, value in self._environment.items()}
        done = subprocess.run(
            [sys.executable, "-m", "standalone.cli", *arguments, "--json"],
            env=os.environ | ours,
            capture_output=True,
            check=False,
            timeout=30,
        )
        self.traces.note("command line", done.stdout, done.stderr)
        return json.loads(done.stdout or "null")

    def look_around(self) -> None:
        """Note what there is now; at the end of the run, and before it is gone."""
        for port in self.health.values():
            self.traces.note_health(port)
        self.traces.note_folder(self.spool)

    def collect(self) -> Traces:
        self.look_around()
        self.traces.note_redis(self.folder)
        self.traces.note("audit trail", (self.folder / "audit.jsonl").read_bytes())
        self.traces.note("logs", *(each.log for each in self.services.values()))
        return self.traces

    def _service(self, name: str) -> Service:
        return Service(name, self.folder, {**self._environment, "HEALTH__PORT": self.health[name]})


@contextmanager
def watched_site(folder: Path, worklist: Script) -> Iterator[Site]:
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder, *KEEP_ALL))
        cloud = stack.enter_context(OriginServer())
        ups = stack.enter_context(UpsServer(script=worklist))
        site = Site(folder, redis, cloud, ups)
        for service in site.services.values():
            stack.enter_context(service)
        for service in site.services.values():
            service.wait_ready()
        yield site
