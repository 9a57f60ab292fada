"""A port that nobody uses just now, for servers that must be told one."""

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below those that a kernel gives to whoever connects, or asks for any: of these one may be taken
# between being found free here and being listened on, which is seconds where much runs.
FIRST, LAST = 20000, 32000
_held: list[int] = []  # descriptors: a port is for one of all processes that test, while it runs


def free_port() -> int:
    for port in random.sample(range(FIRST, LAST), LAST - FIRST):
        if _is_ours(port) and _is_free(port):
            return port
    raise OSError("no port is free")


def _is_ours(port: int) -> bool:
    folder = Path(tempfile.gettempdir(), f"dicomweb-proxy-ports-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    _held.append(lock)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def has(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.suppress(OSError), socket.create_server((address, 0), family=family):
        return True
    return False


LOOPBACKS = [each for each in ("127.0.0.1", "::1") if has(each)]  # a container may have no IPv6
