"""`dicomweb-proxy demo`: a study goes in by C-STORE, arrives by STOW-RS; a worklist comes back."""

import argparse
import contextlib
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.errors import ProxyError
from shared.sections import PREFIX
from standalone.ready import Announced

SUMMARY = "send a study through a proxy of its own, ask its worklist, show both"
START_TIMEOUT = 30.0  # seconds for a process to serve
STOP_TIMEOUT = 60.0  # seconds for a process tree to end
LOOPBACK = "127.0.0.1"
LOG = "proxy.log"


# A demonstration must run on a laptop whose disk is nearly full, too: no reserves.
CONFIGURATION = """\
[receive]
host = "{host}"
port = 0

[upload]
uri = "{base}/studies"
workers = 2

[worklist]
uri = "{base}/workitems"

[spool]
path = "{spool}"
soft_reserve = 0
hard_reserve = 0

[page]
port = 0
password_file = "{passwords}"
"""
USER = "demo"


class DemoFailed(ProxyError):
    """Something that should have happened did not."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep", action="store_true", help="leave everything running until Ctrl-C, to try it out"
    )


def run(options: argparse.Namespace) -> int:
    from standalone import demonstration
    from standalone.page.passwords import line_for

    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="dicomweb-proxy-demo-") as name:
        folder = Path(name)
        password = secrets.token_urlsafe(12)
        (folder / "passwords").write_text(line_for(USER, password) + "\n", "utf-8")
        with _sandbox(folder) as base, _proxy(folder, base) as port:
            demonstration.run(base, LOOPBACK, port)
            if options.keep:
                page = f"{_page(folder)} (log in as {USER}, {password})"
                demonstration.explain(base, LOOPBACK, port, folder, page)
                _until_interrupted()
    return 0


@contextlib.contextmanager
def _sandbox(folder: Path) -> Iterator[str]:
    arguments = ["standalone.sandbox", "--port=0", f"--path={folder / 'sandbox'}"]
    with _running("the sandbox", arguments, folder / "sandbox.log", dict(os.environ)) as address:
        yield address


@contextlib.contextmanager
def _proxy(folder: Path, base: str) -> Iterator[int]:
    # A file and no variables of ours: what this machine is configured for is not to be touched.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    config = folder / "proxy.toml"
    config.write_text(
        CONFIGURATION.format(
            base=base, host=LOOPBACK, spool=folder / "spool", passwords=folder / "passwords"
        ),
        "utf-8",
    )
    arguments = ["standalone.cli", "--config", str(config), "up"]
    with _running("the proxy", arguments, folder / LOG, environment) as address:
        yield int(address.rpartition(":")[2])


def _page(folder: Path) -> str:
    """Where the status page is: what `up` has said."""
    found = re.search(r"status page +(\S+)", (folder / LOG).read_text("utf-8", "replace"))
    return found[1] if found else "nowhere"


@contextlib.contextmanager
def _running(
    name: str, arguments: list[str], log: Path, environment: dict[str, str]
) -> Iterator[str]:
    with log.open("wb") as output:
        process = Announced(
            [sys.executable, "-m", "standalone.child", *arguments],
            environment=environment,
            output=output,
            stdin=subprocess.PIPE,
            new_session=True,
        )
    try:
        address = process.wait_ready(START_TIMEOUT)
        if address is None:
            raise DemoFailed(f"{name} did not start:\n{log.read_text(errors='replace').strip()}")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()


def _until_interrupted() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            signal.pause()


def _leave(*_: object) -> None:
    """End by SIGTERM as by Ctrl-C: children first, then the folder."""
    raise KeyboardInterrupt
