"""Several processes on one port: all of them serve, the dead are replaced, all end together."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.raw_association import RawAssociation
from tests.support.waiting import wait_until

Processes = subprocess.Popen[str]


@contextmanager
def sharing(port: int, count: int) -> Iterator[Processes]:
    command = [sys.executable, "-m", "tests.support.shared_port", str(port), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as processes:
        try:
            assert processes.stdout
            for _ in range(count):
                assert processes.stdout.readline().startswith("serving ")
            yield processes
        finally:
            processes.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probing:
        return int(probing.getsockname()[1])


def answering(port: int) -> int:
    """The process that a new association reaches."""
    with RawAssociation(port) as requestor:
        requestor.associate()
        answer = requestor.store(b"data")
        requestor.release()
    assert answer.status == 0
    return int(answer.elements[0x0902])


def test_every_process_serves_and_all_end_together() -> None:
    port = free_port()
    with sharing(port, 2) as processes:
        seen: set[int] = set()

        def all_seen() -> bool:
            seen.add(answering(port))
            return len(seen) == 2

        wait_until(all_seen, description="an answer of each process")
        processes.terminate()
        assert processes.wait(20) == 0


def test_a_process_that_is_killed_is_replaced() -> None:
    port = free_port()
    with sharing(port, 2) as processes:
        killed = answering(port)
        os.kill(killed, signal.SIGKILL)
        assert processes.stdout
        assert processes.stdout.readline().startswith("serving ")

        seen = {answering(port) for _ in range(30)}
        assert len(seen) == 2
        assert killed not in seen


def test_a_port_is_not_shared_with_strangers() -> None:
    port = free_port()
    with sharing(port, 2):
        command = [sys.executable, "-m", "tests.support.shared_port", str(port), "2"]
        second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    assert second.returncode == 1
    assert second.stderr == f"cannot listen on {port}: Address already in use\n"
