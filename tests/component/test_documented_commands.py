"""Every command in the documentation is run here, or named with the reason why it is not."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmwrite

from standalone import study
from tests.support.documented import LANGUAGES, blocks, commands
from tests.support.peers import peer
from tests.support.proxy import environment, proxy
from tests.support.sandbox import sandbox
from tests.support.settings_reference import ROOT

# What a command begins with: why it is not run here, and what tries the nearest thing to it, if
# anything does.
ELSEWHERE: dict[str, tuple[str, str | None]] = {
    "make demo": ("takes a minute", "tests/component/test_demo.py"),
    "make setup": ("is what made this environment", "Makefile"),
    "make check": ("runs in the same job", ".ci/run"),
    "make test": ("is running now", ".ci/run"),
    "make fuzz": ("takes ten minutes", "tests/fuzz/test_fuzz_targets.py"),
    "make stack": ("needs a container engine", ".ci/run"),
    "docker compose --profile monitoring": (
        "needs a container engine",
        "tests/deploy/test_monitoring.py",
    ),
    "pass show": ("needs a container engine, and a store of passwords", None),
    "docker compose": ("needs a container engine", "tests/stack/test_containers.py"),
    "kubectl": ("needs a cluster", "tests/deploy/test_manifests.py"),
    "apt-get": ("needs root", "tests/stack/test_debian.py"),
    "git clone": ("needs the repository's address", "tests/stack/test_debian.py"),
    "git pull": ("needs the repository's address", "tests/stack/test_debian.py"),
    "cd /opt": ("needs root", "tests/stack/test_debian.py"),
    "python3 -m venv": ("is for root, in /opt", "tests/stack/test_debian.py"),
    ".venv/bin/pip": ("is for root, in /opt", "tests/stack/test_debian.py"),
    "install -m": ("needs root", "tests/stack/test_debian.py"),
    "systemd-": ("needs root", "tests/stack/test_debian.py"),
    "systemctl": ("needs root", "tests/stack/test_debian.py"),
    "journalctl": ("needs systemd", None),
    "sudo": ("needs root", "tests/stack/test_debian.py"),
    "rm ": ("needs root", "tests/stack/test_debian.py"),
    "cd dicomweb-proxy": ("is another folder", "tests/component/test_first_archive.py"),
    "Orthanc orthanc.json": ("runs until it is ended", "tests/component/test_first_archive.py"),
    "printf ": ("writes a secret", "tests/component/test_first_archive.py"),
    "chmod ": ("is of that secret", "tests/component/test_first_archive.py"),
    ".venv/bin/dicomweb-proxy": ("is in a clone", "tests/component/test_first_archive.py"),
    "curl ": ("asks an Orthanc", "tests/component/test_first_archive.py"),
}
TYPED = "a password, where one is asked for\n"
HERE = ("dicomweb-proxy ", "storescu ", "findscu ")


def elsewhere(command: str) -> bool:
    return command.startswith(tuple(ELSEWHERE))


RUN = [command for command in commands() if not elsewhere(command)]


@dataclass(frozen=True)
class Site:
    folder: Path
    port: int
    variables: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """As a reader would; only the port is this site's."""
        words = self._placed(command)
        return subprocess.run(
            ["/bin/sh", "-euc", words], cwd=self.folder, env=self.variables,
            check=False, capture_output=True, text=True, timeout=30, input=TYPED,
        )  # fmt: skip

    def _placed(self, command: str) -> str:
        for documented in ("4008", "4009"):
            command = command.replace(f"localhost {documented}", f"127.0.0.1 {self.port}")
        asks = command.split()[1] in {"echo", "send", "worklist"}
        return f"{command} --port {self.port}" if asks else command


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    for name in ("image.dcm", "IMAGE.dcm"):
        instance = next(iter(study.instances(datetime(2026, 11, 24, tzinfo=UTC))))
        buffer = io.BytesIO()
        dcmwrite(buffer, instance, enforce_file_format=True)
        (folder / name).write_bytes(buffer.getvalue())
    with sandbox(tmp_path_factory.mktemp("sandbox")) as base:
        settings = {"UPLOAD__URI": f"{base}/studies", "WORKLIST__URI": f"{base}/workitems"}
        with proxy(folder, **settings) as running:
            variables = environment(folder, **settings)
            path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
            yield Site(folder, running.port, {**variables, "PATH": path})


@pytest.mark.parametrize("command", RUN)
def test_a_documented_command_does_its_work(site: Site, command: str) -> None:
    assert command.startswith(HERE), "run it here, or name it in ELSEWHERE"
    if not command.startswith("dicomweb-proxy"):
        peer(command.split(maxsplit=1)[0])

    done = site.run(command)

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_run_here_names_what_tries_it() -> None:
    assert [place for _, place in ELSEWHERE.values() if place and not (ROOT / place).exists()] == []


def test_no_reason_is_left_for_a_command_that_is_gone() -> None:
    told = commands()

    assert [each for each in ELSEWHERE if not any(one.startswith(each) for one in told)] == []


def test_every_block_says_what_language_it_is_in() -> None:
    assert [each for each in blocks() if each.language not in LANGUAGES] == []
