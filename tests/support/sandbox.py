"""The project's sandbox origin server, as a process of its own on loopback."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from standalone.ready import Announced


@contextlib.contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[str]:
    """Run one that keeps its files in `folder`; gives its base URI."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as output:
        process = Announced(
            [
                sys.executable,
                "-m",
                "standalone.sandbox",
                "--port=0",
                f"--path={folder / 'data'}",
                *options,
            ],
            output=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        base = process.wait_ready(30)
        if base is None:
            raise RuntimeError((folder / "log").read_text())
        yield base
    finally:
        process.terminate()
        process.wait(10)
