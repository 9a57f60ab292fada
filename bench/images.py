"""The images: how much each adds to its base, and how soon a container of it is ready."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from bench.plan import Measured, Plan, record
from bench.results import Results
from bench.site import ROOT, Failed, Missing

SUITE = "images"
OURS = "image"
BASE = "python:3.13-slim-trixie"
REDIS = "redis:8-trixie"
SERVICES = ("receiver", "uploader", "worklist", "page", "sandbox", "standalone")
URL = "redis://redis:6379/0"
PORTS = {"sandbox": 4010}  # of /readyz; 8080 of the others
ARGUMENTS = {"standalone": ("up",)}
ALL = {"SANDBOX": "http://127.0.0.1:4010", "HEALTH__PORT": "8080", "PAGE__PORT": "8090"}
PATIENCE = 60.0  # seconds
POLL = 0.01
MEGABYTE = 1_000_000


def measure(plan: Plan, results: Results) -> None:
    for run in range(plan.runs):
        for service in SERVICES:
            record(results, SUITE, service, OURS, run, partial(_measured, service))


def _measured(service: str) -> Measured:
    if not shutil.which("docker") or not _answers("info"):
        raise Missing("no Docker engine answers")
    tag = f"dicomweb-proxy-bench:{service}"
    _docker("build", "--quiet", "--build-arg", f"SERVICE={service}", "--tag", tag, str(ROOT))
    with _network() as network:
        return {"ready_s": _ready(service, tag, network), "over_base_mb": _size(tag) - _size(BASE)}


def _ready(service: str, tag: str, network: str) -> float:
    """Seconds from the start of the container, as the engine notes it, to 200 of /readyz."""
    port = PORTS.get(service, 8080)
    given = [word for key, value in ALL.items() for word in ("-e", f"DICOMWEB_PROXY_{key}={value}")]
    options = (
        *("--network", network, "--publish", f"127.0.0.1::{port}", "--read-only"),
        *("--tmpfs", "/tmp", "--tmpfs", "/var/spool/dicomweb-proxy:uid=10001,mode=750"),
        *("--tmpfs", "/var/lib/dicomweb-proxy:uid=10001,mode=750", "--cap-drop", "ALL"),
        *(given if service != "sandbox" else ()),
        *("-e", "DICOMWEB_PROXY_SPOOL__PATH=/var/spool/dicomweb-proxy"),
        *(
            ("-e", "DICOMWEB_PROXY_REDIS__URL=redis://redis:6379/0")
            if service != "standalone"
            else ()
        ),
    )
    with _running(*options, tag, *ARGUMENTS.get(service, ())) as container:
        address = _inspect(container)["NetworkSettings"]["Ports"][f"{port}/tcp"][0]["HostPort"]
        reached = _reached(f"http://127.0.0.1:{address}/readyz", container)
        began = _inspect(container)["State"]["StartedAt"]
    return reached - datetime.fromisoformat(began).timestamp()


def _reached(address: str, container: str) -> float:
    """When it answered 200, seconds since 1970."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return time.time()
        except OSError:  # not there yet, or 503
            time.sleep(POLL)
    raise Failed(f"not ready: {_docker('logs', '--tail', '3', container)}")


@contextmanager
def _network() -> Iterator[str]:
    """With a Redis on it."""
    name = f"dicomweb-proxy-bench-{os.getpid()}"
    _docker("network", "create", name)
    try:
        with _running("--network", name, "--network-alias", "redis", REDIS) as redis:
            ends = time.monotonic() + PATIENCE
            while not _answers("exec", redis, "redis-cli", "ping"):
                if time.monotonic() > ends:
                    raise Failed("Redis does not answer")
            yield name
    finally:
        _docker("network", "rm", name)


@contextmanager
def _running(*words: str) -> Iterator[str]:
    container = _docker("run", "--detach", *words)
    try:
        yield container
    finally:
        _docker("rm", "--force", "--volumes", container)


def _size(image: str) -> float:
    """Megabytes."""
    return int(_docker("image", "inspect", "--format", "{{.Size}}", image)) / MEGABYTE


def _inspect(container: str) -> dict[str, Any]:
    [found] = json.loads(_docker("inspect", container))
    return dict(found)


def _answers(*words: str) -> bool:
    return not subprocess.run(["docker", *words], check=False, capture_output=True).returncode


def _docker(*words: str) -> str:
    command: Sequence[str] = ["docker", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"docker {words[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
