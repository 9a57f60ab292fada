"""What a test listens on later nobody else gets meanwhile."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.support.ports import free_port

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
ASK = "from tests.support.ports import free_port; print(*(free_port() for _ in range(200)))"


def test_no_port_is_given_to_two_processes_nor_twice() -> None:
    ours = [free_port() for _ in range(200)]
    theirs = subprocess.run(
        [sys.executable, "-c", ASK], capture_output=True, text=True, check=True, timeout=30
    )

    both = [*ours, *(int(each) for each in theirs.stdout.split())]

    assert len(both) == len(set(both)) == 400


def test_whoever_asks_for_any_port_gets_none_of_these() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        first = int(RANGE.read_text().split()[0]) if RANGE.exists() else one.getsockname()[1]

        assert free_port() < first
