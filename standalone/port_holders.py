"""Which processes listen on a port of TCP, as far as /proc shows them to us (proc(5); Linux)."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST = 3  # processes that are named
_TABLES = ("tcp", "tcp6")
_LOCAL, _STATE, _INODE = 1, 3, 9  # columns
_LISTENS = "0A"
_OURS = frozenset({"receiver", "worklist", "uploader", "standalone", "dicomweb-proxy"})


def pids_at(port: int) -> list[int]:
    """A few, in order; none where nobody tells."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    found: list[int] = []
    for process in sorted(_processes(), key=lambda each: int(each.name)) if sockets else ():
        with suppress(OSError):  # of another user, or gone
            if any(os.readlink(each) in sockets for each in (process / "fd").iterdir()):  # noqa: PTH115
                found.append(int(process.name))
    return found[:MOST]


def name_of(process: Path) -> str:
    """The program, or the module that Python runs; no other argument, which may be a secret."""
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        if "-m" in words[:-1]:
            words = words[words.index("-m") + 1 :]
            if words[0].endswith(".child") and len(words) > 1:  # it runs another
                words = words[1:]
        if words[0]:
            return Path(words[0].partition(" ")[0]).name
    return "a process"


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in _OURS


def _inodes(port: int) -> Iterator[str]:
    for table in _TABLES:
        with suppress(OSError):
            for line in Path("/proc/net", table).read_text("ascii").splitlines()[1:]:
                columns = line.split()
                local = columns[_LOCAL].rpartition(":")[2]
                if columns[_STATE] == _LISTENS and int(local, 16) == port:
                    yield columns[_INODE]


def _processes() -> Iterator[Path]:
    with suppress(OSError):
        yield from (each for each in Path("/proc").iterdir() if each.name.isdigit())
