"""Several processes on one port: all of them serve, the dead are replaced, all end together."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.processes import children
from tests.support.raw_association import RawAssociation, c_store_rq, p_data
from tests.support.waiting import wait_until

Processes = subprocess.Popen[str]
Requestors = list[RawAssociation]


@contextmanager
def sharing(port: int, count: int, **settings: object) -> Iterator[Processes]:
    module = "tests.support.shared_port"
    command = [sys.executable, "-m", module, str(port), str(count), json.dumps(settings)]
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


def encrypted(authority: Authority) -> dict[str, str]:
    """Settings of TLS, beside its port."""
    ours = authority.issue("ours")
    return {"tls_certificate_file": str(ours.certificate), "tls_key_file": str(ours.key)}


def connected(secure: int, authority: Authority) -> RawAssociation:
    """Over TLS."""
    context = ssl.create_default_context(cafile=authority.certificate)
    plain = socket.create_connection(("127.0.0.1", secure), timeout=10)
    return RawAssociation.over(context.wrap_socket(plain, server_hostname="127.0.0.1"))


@contextmanager
def draining() -> Iterator[tuple[Processes, int, RawAssociation]]:
    """The only process left, and its association with an instance under way."""
    port = free_port()
    with sharing(port, 2) as processes, RawAssociation(port) as requestor:
        requestor.associate()
        mine = asked(requestor)
        requestor.send(p_data(1, 3, c_store_rq()), p_data(1, 0, b"first half, "))
        processes.terminate()
        wait_until(lambda: children(processes.pid) == [mine], description="the end of the other")
        yield processes, mine, requestor


def answering(port: int) -> int:
    """The process that a new association reaches."""
    with RawAssociation(port) as requestor:
        requestor.associate()
        process = asked(requestor)
        requestor.release()
    return process


def asked(requestor: RawAssociation) -> int:
    """The process that has this association."""
    answer = requestor.store(b"data")
    assert answer.status == 0
    return int(answer.elements[0x0902])


def dealt(count: int, connect: Callable[[], RawAssociation]) -> list[int]:
    """How many of so many associations that are open at once each process has, in order."""
    with ExitStack() as stack:
        return sorted(Counter(asked(each) for each in opened(stack, count, connect)).values())


def opened(stack: ExitStack, count: int, connect: Callable[[], RawAssociation]) -> Requestors:
    requestors = []
    for _ in range(count):
        requestors.append(stack.enter_context(connect()))
        requestors[-1].associate()
    return requestors


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


def test_who_signals_each_process_has_associations_finish_all_the_same() -> None:
    """As systemd does, and a terminal."""
    with draining() as (processes, mine, requestor):
        os.kill(mine, signal.SIGTERM)
        with pytest.raises(TimeoutError):
            requestor.within(1).read()

        requestor.within(10).send(p_data(1, 2, b"second half"))
        assert requestor.answer().status == 0
        requestor.release()
        assert processes.wait(20) == 0


def test_a_second_signal_has_them_end_at_once() -> None:
    with draining() as (processes, _, requestor):
        processes.terminate()

        assert requestor.closed()
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


@pytest.mark.skipif(sys.platform == "darwin", reason="cannot wait for signals with an end")
def test_a_process_that_hangs_is_replaced() -> None:
    port = free_port()
    with ExitStack() as stack:
        processes = stack.enter_context(sharing(port, 2))
        requestors = opened(stack, 2, lambda: RawAssociation(port))
        hung, other = map(asked, requestors)
        os.kill(hung, signal.SIGSTOP)
        assert processes.stdout
        assert processes.stdout.readline().startswith("serving ")

        assert other in children(processes.pid)
        assert hung not in children(processes.pid)
        assert asked(requestors[1]) == other
        assert len({answering(port) for _ in range(30)}) == 2


def test_a_port_is_not_shared_with_strangers() -> None:
    port = free_port()
    with sharing(port, 2):
        command = [sys.executable, "-m", "tests.support.shared_port", str(port), "2"]
        second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    assert second.returncode == 1
    assert second.stderr == f"cannot listen on {port}: Address already in use\n"


def test_nor_is_the_port_of_tls(tmp_path: Path) -> None:
    secure = free_port()
    more = {"tls_port": secure, **encrypted(Authority(tmp_path))}
    with sharing(free_port(), 2, **more):
        module = "tests.support.shared_port"
        command = [sys.executable, "-m", module, str(free_port()), "2", json.dumps(more)]
        second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    assert second.returncode == 1
    assert second.stderr.endswith("Address already in use\n")


def test_a_port_that_is_not_listened_on_may_be_a_strangers(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secure = free_port()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with (
            sharing(port, 2, plain=False, tls_port=secure, **encrypted(authority)),
            connected(secure, authority) as requestor,
        ):
            requestor.associate()

            assert asked(requestor)


def test_each_process_has_as_many_associations_as_the_others() -> None:
    port = free_port()
    with sharing(port, 3):
        assert dealt(12, lambda: RawAssociation(port)) == [4, 4, 4]


def test_those_over_tls_are_dealt_out_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    port, secure = free_port(), free_port()
    with sharing(port, 2, tls_port=secure, **encrypted(authority)):
        assert dealt(8, lambda: connected(secure, authority)) == [4, 4]


def test_a_process_that_came_later_has_the_next_associations() -> None:
    port = free_port()
    with ExitStack() as stack:
        processes = stack.enter_context(sharing(port, 2))
        where = [asked(each) for each in opened(stack, 6, lambda: RawAssociation(port))]
        killed = where[0]
        os.kill(killed, signal.SIGKILL)
        assert processes.stdout
        assert processes.stdout.readline().startswith("serving ")

        assert where.count(killed) == 3
        new = opened(stack, 3, lambda: RawAssociation(port))
        assert not {asked(each) for each in new} & set(where)
