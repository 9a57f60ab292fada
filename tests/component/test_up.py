"""`dicomweb-proxy up`: the whole proxy as a process tree, killed here and there."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydicom.dataset import Dataset

from standalone import study
from tests.support.ports import free_port
from tests.support.proxy import Running, proxy, run_up
from tests.support.raw_association import Asking, RawAssociation
from tests.support.redis_server import RedisServer
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.spools import waiting
from tests.support.waiting import wait_until

ARRIVAL = 40  # seconds, of which a lost worker's lease may take 30
TEMPORARY_CONGESTION = (3, bytes((0, 2, 3, 1)))  # A-ASSOCIATE-RJ (PS3.8 9.3.4)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as base:
        yield base


@pytest.fixture
def made() -> list[Dataset]:
    return list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))


def arrived(base: str, instances: list[Dataset]) -> int:
    answer = httpx.get(f"{base}/studies/{instances[0].StudyInstanceUID}/instances")
    return len(answer.json()) if answer.status_code == httpx.codes.OK else 0


def wait_for_all(base: str, instances: list[Dataset]) -> None:
    wait_until(lambda: arrived(base, instances) == len(instances), ARRIVAL, "all to arrive")


def kept(running: Running) -> list[Path]:
    return waiting(running.spool)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@LINUX
def test_a_study_arrives_the_spool_is_empty_and_nothing_is_left_behind(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies") as running:
        children = running.children()
        send(running.port, made)
        wait_for_all(origin, made)
        wait_until(lambda: not kept(running), 10, "the spool to be empty")

    assert set(children) == {"valkey-server", "standalone.dimse", "uploader"}
    assert running.process.returncode == 0
    assert not [pid for pid in children.values() if alive(pid)]
    assert "Traceback" not in running.logged()


def test_the_console_says_where_things_go(origin: str, tmp_path: Path) -> None:
    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies", LOG__LEVEL="info") as running:
        pass

    lines = running.logged().splitlines()
    assert f"  listens on     127.0.0.1:{running.port} for C-ECHO, C-STORE" in lines
    assert f"  uploads to     default: {origin}/studies (authentication: none)" in lines
    assert len(lines) < 20


def test_no_patient_is_named_in_the_log_even_at_debug(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    for each in made:
        each.PatientName, each.PatientID = "CANARY^NAME", "CANARYID"
        each.AccessionNumber, each.StudyDescription = "CANARYACC", "CANARYSTUDY"

    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies") as running:
        send(running.port, made)
        wait_for_all(origin, made)

    assert "instance.kept" in running.logged()
    assert "CANARY" not in running.logged()


@LINUX
def test_what_was_acknowledged_before_everything_was_killed_arrives_later(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    unreachable = free_port()
    with proxy(tmp_path, UPLOAD__URI=f"http://127.0.0.1:{unreachable}/studies") as running:
        send(running.port, made)
        children = running.children()
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not any(map(alive, children.values())), 20, "the children to end")
    assert len(kept(running)) == len(made)

    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies"):
        wait_for_all(origin, made)


@LINUX
@pytest.mark.parametrize("victim", ["uploader", "standalone.dimse", "valkey-server"])
def test_a_killed_part_is_started_again_and_all_arrives(
    origin: str, tmp_path: Path, made: list[Dataset], victim: str
) -> None:
    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies", UPLOAD__RESCAN=2) as running:
        send(running.port, made[:10])

        os.kill(running.children()[victim], signal.SIGKILL)
        wait_until(lambda: "process.restarted" in running.logged(), 20, "the restart")
        wait_until(lambda: victim in running.children(), 20, "the new process")
        if victim != "standalone.dimse":  # which took another ephemeral port
            send(running.port, made[10:])
            wait_for_all(origin, made)
        else:
            wait_for_all(origin, made[:10])


def test_a_redis_that_is_not_there_is_said_and_what_comes_in_waits_for_it(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    server = RedisServer(tmp_path)
    with proxy(
        tmp_path / "proxy",
        UPLOAD__URI=f"{origin}/studies",
        REDIS__URL=server.settings.url,
    ) as running:
        send(running.port, made)
        wait_until(lambda: "redis" in running.logged().lower(), 20, "a line about Redis")
        assert len(kept(running)) == len(made)

        with server:
            wait_for_all(origin, made)
            running.process.terminate()
            running.process.wait(30)

    assert "Traceback" not in running.logged()


def test_a_taken_port_is_one_clear_line(origin: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_up(tmp_path, UPLOAD__URI=f"{origin}/studies", RECEIVE__PORT=port)

    assert ended.returncode == 1
    assert ended.stderr.endswith(
        f"dicomweb-proxy: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )
    assert "Traceback" not in ended.stderr


def test_a_spool_that_cannot_be_written_is_one_clear_line(origin: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = run_up(tmp_path, UPLOAD__URI=f"{origin}/studies", SPOOL__PATH=tmp_path / "file")

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "cannot use the spool" in ended.stderr


def test_a_spool_in_use_is_left_alone(origin: str, tmp_path: Path) -> None:
    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies"):
        second = run_up(tmp_path, UPLOAD__URI=f"{origin}/studies")

    assert second.returncode == 1
    assert "another proxy already runs on the spool" in second.stderr


def test_a_setting_that_is_none_ends_it_with_exit_code_2_and_touches_no_spool(
    tmp_path: Path,
) -> None:
    ended = run_up(tmp_path, UPLOAD__URI="https://archive.example/studies", UPLOAD__TICK="soon")

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "spool").exists()


def test_a_destination_that_does_not_resolve_is_said_and_everything_waits(
    tmp_path: Path, made: list[Dataset]
) -> None:
    with proxy(tmp_path, UPLOAD__URI="https://archive.invalid/studies") as running:
        send(running.port, made[:3])
        wait_until(lambda: "does not resolve" in running.logged(), 30, "a line about the name")

        assert len(kept(running)) == 3


def test_ctrl_c_ends_it_in_order(origin: str, tmp_path: Path) -> None:
    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies") as running:
        running.process.send_signal(signal.SIGINT)

        assert running.process.wait(30) == 0
    assert "Traceback" not in running.logged()


def test_garbage_closes_its_own_connection_only(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies", RECEIVE__ARTIM_TIMEOUT=1) as running:
        with socket.create_connection(("127.0.0.1", running.port), 10) as garbage:
            garbage.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            garbage.settimeout(20)
            while garbage.recv(4096):
                pass
        send(running.port, made[:2])


def test_several_processes_can_share_the_port(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    with proxy(
        tmp_path,
        UPLOAD__URI=f"{origin}/studies",
        RECEIVE__PROCESSES=2,
        RECEIVE__PORT=free_port(),
    ) as running:
        for each in made[:6]:  # an association each, so that both get some
            send(running.port, [each])
        wait_for_all(origin, made[:6])

    assert "Traceback" not in running.logged()


def test_below_the_soft_watermark_associations_are_turned_away_unless_there_is_a_worklist(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    uris = {"UPLOAD__URI": f"{origin}/studies", "SPOOL__SOFT_RESERVE": 2**62}
    # Byte by byte: pynetdicom, on a busy machine, loses a rejection now and then.
    with proxy(tmp_path / "alone", **uris) as running, RawAssociation(running.port) as modality:
        modality.send(Asking().encode())
        assert modality.read() == TEMPORARY_CONGESTION

    with proxy(tmp_path / "both", WORKLIST__URI=f"{origin}/workitems", **uris) as running:
        send(running.port, made[:1])


def test_while_it_drains_it_is_not_ready(origin: str, tmp_path: Path) -> None:
    port = free_port()
    settings = {"UPLOAD__URI": f"{origin}/studies", "HEALTH__PORT": port}
    with proxy(tmp_path, **settings) as running, RawAssociation(running.port) as modality:
        ready = f"http://127.0.0.1:{port}/readyz"
        modality.send(Asking().encode())
        modality.read()  # and then it stays silent
        assert httpx.get(ready).json()["checks"]["listening"] == "ok"

        running.process.terminate()

        wait_until(lambda: httpx.get(ready).status_code == 503, 10, "it to be no longer ready")
        assert httpx.get(ready).json()["checks"]["listening"] == "is draining"


def test_an_index_that_cannot_be_read_is_dropped_and_made_anew(
    origin: str, tmp_path: Path, made: list[Dataset]
) -> None:
    unreachable = f"http://127.0.0.1:{free_port()}/studies"
    with proxy(tmp_path, UPLOAD__URI=unreachable) as running:
        send(running.port, made[:4])
    for file in (tmp_path / "spool" / ".redis" / "appendonlydir").glob("*"):
        file.write_bytes(b"this is no index\n")

    with proxy(tmp_path, UPLOAD__URI=f"{origin}/studies") as running:
        wait_for_all(origin, made[:4])

    assert "index.dropped" in running.logged()
