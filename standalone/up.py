"""`dicomweb-proxy up`: all services in one process tree, from one configuration."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared import logs
from shared.config import Settings, load
from shared.errors import SpoolError
from shared.faults import spool_fault
from shared.needs import NOTHING
from shared.sections import PREFIX, LogFormat, LogSettings
from standalone import ready
from standalone.banner import banner
from standalone.options import add_config
from standalone.tree import START_TIMEOUT, Program, StartFailed, Tree

log = logs.get(__name__)

SUMMARY = "run receiver, uploader and worklist in one process tree, on a Redis of their own"
UPLOAD_GRACE = (
    60.0  # seconds for a Store transaction in flight to end: upload timeouts are that long
)
SPARE = 5.0  # seconds beyond what a process takes to end by itself


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    settings = load(options.config, NOTHING)
    style = settings.log
    if "format" not in style.model_fields_set:
        style = LogSettings(level=style.level, format=LogFormat.CONSOLE)
    logs.configure(style, "standalone")
    tree = Tree()
    tree.stop_on_signals()
    tree.reload_on_signal()
    try:
        with _index(settings, tree, _environment(options, settings, style)) as index:
            _start(settings, tree, index)
            code = tree.watch(index.tend)
            log.info("proxy.stopping")
            tree.stop()
            return code
    except StartFailed as failed:
        return 0 if tree.stopping else failed.code
    finally:
        tree.stop()


def _environment(
    options: argparse.Namespace, settings: Settings, style: LogSettings
) -> dict[str, str]:
    """What the services read: ours, and what only we know."""
    health = settings.health.port if "port" in settings.health.model_fields_set else 0
    environment = {
        **os.environ,
        PREFIX + "LOG__FORMAT": style.format.value,
        PREFIX + "HEALTH__PORT": str(health),
        PREFIX + "SPOOL__PATH": str(settings.spool.path.absolute()),
    }
    if options.config:
        environment[PREFIX + "CONFIG"] = str(options.config.absolute())
    return environment


@dataclass(frozen=True, slots=True)
class _Index:
    environment: dict[str, str]  # with the Redis in it
    shown: str
    tend: Callable[[], None] = lambda: None


@contextlib.contextmanager
def _index(settings: Settings, tree: Tree, environment: dict[str, str]) -> Iterator[_Index]:
    """The configured Redis, or one of our own."""
    if not settings.upload_destinations or "url" in settings.redis.model_fields_set:
        yield _Index(environment, settings.redis.url)
        return
    from standalone.embedded import Embedded

    try:
        embedded = Embedded(settings.spool.path)
    except OSError as error:
        raise _unusable(settings.spool.path, error) from None
    with contextlib.closing(embedded):
        embedded.start(tree, environment)
        own = {**environment, PREFIX + "REDIS__URL": embedded.url}
        yield _Index(own, "embedded", embedded.tend)
        tree.stop()  # before the socket's folder goes


def _unusable(path: Path, error: OSError) -> SpoolError:
    return spool_fault(error, f"use the spool {path}")


def _start(settings: Settings, tree: Tree, index: _Index) -> None:
    environment = index.environment
    drain = settings.receive.drain_timeout + SPARE
    port = tree.start(
        Program("dimse", ("standalone.dimse",), environment, _wait_announced, drain, reloads=True)
    )
    address = f"{settings.receive.host}:{port}"
    if settings.upload_destinations:
        without_health = {**environment, PREFIX + "HEALTH__PORT": "0"}
        grace = settings.upload.drain_timeout + SPARE
        tree.start(
            Program(
                "uploader",
                ("uploader",),
                without_health,
                _wait_nothing,
                grace,
                reloads=True,
                expendable=True,
            )
        )
    page = ""
    if settings.page.model_fields_set:
        arguments = ("standalone.cli", "page")
        program = Program("page", arguments, environment, _wait_announced, SPARE, reloads=True)
        page = tree.start(program)
    sys.stdout.write(banner(settings, address, index.shown, page))
    sys.stdout.flush()
    ready.announce(address)


def _wait_announced(process: ready.Announced) -> str | None:
    return process.wait_ready(START_TIMEOUT)


def _wait_nothing(process: ready.Announced) -> str:
    """The uploader waits for Redis and its destinations by itself."""
    del process
    return ""
