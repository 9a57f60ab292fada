"""A disk that fills: a small tmpfs where the test may mount one, else a limit on file size."""

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

from shared.destination import MEBIBYTE
from tests.support.peers import lacking

STAND_IN_LIMIT = 4096  # bytes a file may have once the stand-in is "full"


class SmallDisk:
    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no room."""
        with contextlib.suppress(OSError), (self.path / "ballast").open("wb", 0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def free(self) -> None:
        (self.path / "ballast").unlink()

    def read_only(self) -> contextlib.AbstractContextManager[None]:
        return _remounted(self.path)


class StandIn(SmallDisk):
    """For those who may not mount: no file of this process may grow. Python ignores SIGXFSZ."""

    def fill(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (STAND_IN_LIMIT, hard))

    def free(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    def read_only(self) -> contextlib.AbstractContextManager[None]:
        return _without_permission(self.path)


@contextlib.contextmanager
def small_disk(path: Path, size: int = 2 * MEBIBYTE) -> Iterator[SmallDisk]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        stand_in = StandIn(path)
        try:
            yield stand_in
        finally:
            stand_in.free()
        return
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True, capture_output=True)


@contextlib.contextmanager
def mounted_disk(path: Path, size: int = 2 * MEBIBYTE) -> Iterator[SmallDisk]:
    """A small disk and no stand-in for one: that would fill the disk of this process alone."""
    with small_disk(path, size) as disk:
        if isinstance(disk, StandIn):
            lacking("nothing may be mounted here")
        yield disk


@contextlib.contextmanager
def _remounted(path: Path) -> Iterator[None]:
    for mode in ("ro", "rw"):
        subprocess.run(["mount", "-o", f"remount,{mode}", str(path)], check=True)
        if mode == "ro":
            yield


@contextlib.contextmanager
def _without_permission(path: Path) -> Iterator[None]:
    folders = [path, *(each for each in path.rglob("*") if each.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        yield
    finally:
        for folder in folders:
            folder.chmod(0o750)
