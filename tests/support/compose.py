"""The composed system: containers built from this checkout, under a project name of their own."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

from tests.support.peers import lacking
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
ISOLATED = ROOT / "tests" / "stack" / "isolated.yml"  # a developer's .env is not tested
UP_TIMEOUT = 600.0  # s: the first build downloads what the images are made of


def require_engine() -> None:
    """Skip the test without a Docker engine, except in CI, where that fails it."""
    docker = shutil.which("docker")
    answers = docker and not any(
        subprocess.run([docker, *words], check=False, capture_output=True, timeout=60).returncode
        for words in (["info"], ["compose", "version"])
    )
    if not answers:
        lacking("no Docker engine with Compose v2 answers")


@dataclass
class Composed:
    """One `docker compose` project."""

    project: str
    files: Sequence[Path] = (ROOT / "docker-compose.yml", ISOLATED)
    receive_port: int = field(default_factory=free_port)
    worklist_port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    page_port: int = field(default_factory=free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    dotenv: Path = Path(os.devnull)  # instead of .env, for what is named ${LIKE_THIS}
    root: Path = ROOT  # the checkout that it is built from

    def of(self, root: Path) -> "Composed":
        """The same project, from another checkout."""
        files = [root / each.relative_to(self.root) for each in self.files]
        return replace(self, root=root, files=files)

    def run(
        self, *words: str, timeout: float = 120.0, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        given = ["--project-name", self.project, "--env-file", str(self.dotenv), "--ansi", "never"]
        for path in self.files:
            given += ["--file", str(path)]
        done = subprocess.run(
            ["docker", "compose", *given, *words],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.root,
            env=self._environment(),
            timeout=timeout,
        )
        if check and done.returncode:
            raise AssertionError(
                f"docker compose {' '.join(words)}: exit code {done.returncode}\n"
                f"{done.stdout[-4000:]}\n{done.stderr[-8000:]}\n{self.logs()[-8000:]}"
            )
        return done

    def _environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("DICOMWEB_PROXY_")}
        return {
            **ours,
            "DICOMWEB_PROXY_RECEIVE__PORT": str(self.receive_port),
            "DICOMWEB_PROXY_WORKLIST__PORT": str(self.worklist_port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "DICOMWEB_PROXY_PAGE__PORT": str(self.page_port),
            **self.environment,
        }

    def up(self, *words: str) -> None:
        self.run("up", "--detach", "--wait", *words, timeout=UP_TIMEOUT)

    def start(self, *words: str) -> None:
        """As up, without waiting until what is started is healthy."""
        self.run("up", "--detach", *words, timeout=UP_TIMEOUT)

    def down(self) -> None:
        self.run("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")

    def logs(self, *services: str) -> str:
        return self.run("logs", "--no-color", *services, check=False).stdout

    def containers(self, *services: str) -> list[dict[str, Any]]:
        """What `docker inspect` knows of the project's containers."""
        identities = self.run("ps", "--all", "--quiet", *services).stdout.split()
        inspected = subprocess.run(
            ["docker", "inspect", *identities], check=True, capture_output=True, text=True
        )
        found: list[dict[str, Any]] = json.loads(inspected.stdout)
        return found

    def stored(self) -> set[str]:
        """The SOP Instance UIDs that the sandbox holds, by QIDO-RS."""
        address = f"http://127.0.0.1:{self.sandbox_port}/instances?limit=1000"
        with urlopen(address, timeout=10) as response:
            body = response.read()
        return {each["00080018"]["Value"][0] for each in json.loads(body)} if body else set()


@contextlib.contextmanager
def composed(
    *up: str,
    given: Mapping[str, str] | None = None,
    extra: Sequence[Path] = (),
    dotenv: Path = Path(os.devnull),
) -> Iterator[Composed]:
    """Built and up as the words of `up` say; taken down whatever happens. `given`: variables of the
    environment; `extra`: more files; `dotenv`: in the place of .env.
    """
    require_engine()
    files = [ROOT / "docker-compose.yml", ISOLATED, *extra]
    system = Composed(new_project(), files=files, environment=given or {}, dotenv=dotenv)
    try:
        system.up("--build", *up)
        yield system
    finally:
        system.down()


def new_project() -> str:
    return f"dicomweb-proxy-test-{os.getpid()}-{uuid4().hex[:6]}"


def service_of(container: Mapping[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])
