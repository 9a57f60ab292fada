"""`python -m uploader` as a process: starts, survives, ends."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.broker import connect
from shared.index import Index
from shared.jobs import Ticks
from shared.sections import RedisSettings
from shared.spool import Spool
from tests.support import answers
from tests.support.instances import make
from tests.support.origin_server import OriginServer, well
from tests.support.ports import free_port
from tests.support.processes import Service, alive
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until

Begin = Callable[..., Service]
PATIENCE = 30.0  # seconds


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path / "spool", sync=False)


@pytest.fixture
def begin(origin_server: OriginServer, spool: Spool, tmp_path: Path) -> Iterator[Begin]:
    with ExitStack() as running:

        def begun(redis: RedisSettings, **environment: Any) -> Service:
            service = Service(
                "uploader",
                tmp_path,
                {
                    "UPLOAD__URI": origin_server.uri,
                    "UPLOAD__WORKERS": 2,
                    "UPLOAD__LEASE": 2,
                    "UPLOAD__RETRY_BASE": 0.05,
                    "UPLOAD__RETRY_CAP": 0.5,
                    "REDIS__URL": redis.url,
                    "SPOOL__PATH": spool.root,
                    "SPOOL__SYNC": "false",
                    "HEALTH__PORT": free_port(),
                    **environment,
                },
            )
            return running.enter_context(service)

        yield begun


def fill(spool: Spool, folder: Path, count: int, first: int = 1) -> None:
    for number in range(first, first + count):
        keep(spool, make(folder, number, size=800).path.read_bytes(), ("default",))


def announce(redis: RedisServer, spool: Spool) -> None:
    """What the receiver would do."""
    client = connect(redis.settings)
    Ticks(client).enqueue_all(Index(client).add(spool.scan("default")).wanted)


def empty(spool: Spool) -> bool:
    return not list(spool.scan("default"))


def test_what_is_spooled_arrives_before_the_start_and_after(
    begin: Begin, redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    fill(spool, tmp_path, 150)
    service = begin(redis.settings)
    wait_until(lambda: len(origin_server.held) == 150, PATIENCE, "what was there has arrived")
    service.wait_ready()

    fill(spool, tmp_path, 50, first=151)
    announce(redis, spool)

    wait_until(lambda: empty(spool), PATIENCE, "the spool is empty")
    assert len(origin_server.held) == 200
    children = service.children
    assert len(children) == 2
    assert service.terminate() == 0
    assert not any(alive(each) for each in children)


def test_it_ends_after_the_request_under_way(
    begin: Begin, redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    origin_server.latency = 1.0
    fill(spool, tmp_path, 10)
    service = begin(redis.settings)
    wait_until(lambda: origin_server.stores, PATIENCE, "a request is under way")

    assert service.terminate() == 0

    assert len(origin_server.held) == 10
    assert empty(spool)


def test_a_worker_that_is_killed_costs_no_instance(
    begin: Begin, redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    origin_server.script(answers.delayed(0.5))
    fill(spool, tmp_path, 10)
    service = begin(redis.settings)
    wait_until(lambda: origin_server.stores, PATIENCE, "a request is under way")

    for each in service.children:
        os.kill(each, signal.SIGKILL)

    wait_until(lambda: empty(spool), PATIENCE, "the spool is empty")
    assert len(origin_server.held) == 10
    wait_until(lambda: len(service.children) == 2, PATIENCE, "the workers are back")
    assert service.events("worker.fell")


def test_workers_do_not_outlive_their_supervisor(begin: Begin, redis: RedisServer) -> None:
    service = begin(redis.settings)
    service.wait_ready()
    children = service.children

    service.kill()

    wait_until(lambda: not any(alive(each) for each in children), PATIENCE, "they have ended")


def test_without_redis_it_says_so_once_and_starts_when_there_is_one(
    begin: Begin, own_redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    own_redis.kill()
    fill(spool, tmp_path, 5)
    service = begin(own_redis.settings)
    wait_until(lambda: service.ready()[0] == 503, PATIENCE, "it says that it is not ready")
    wait_until(lambda: service.events("redis.lost"), PATIENCE, "it says why")

    own_redis.start()

    wait_until(lambda: len(origin_server.held) == 5, PATIENCE, "what was spooled has arrived")
    service.wait_ready()
    assert len(service.events("redis.lost")) == 1
    assert len(service.log.splitlines()) < 12


@pytest.mark.parametrize("fault", ["killed", "hung", "flushed"])
def test_a_redis_that_fails_in_the_middle_costs_no_instance(
    begin: Begin,
    own_redis: RedisServer,
    origin_server: OriginServer,
    spool: Spool,
    tmp_path: Path,
    fault: str,
) -> None:
    origin_server.latency = 0.05
    fill(spool, tmp_path, 300)
    service = begin(own_redis.settings)
    wait_until(lambda: len(origin_server.held) >= 64, PATIENCE, "it has begun")

    if fault == "flushed":
        own_redis.flush()
    elif fault == "killed":
        own_redis.kill()
        own_redis.start()
    else:
        own_redis.hang()
        wait_until(lambda: service.ready()[0] == 503, PATIENCE, "it has noticed")
        own_redis.go_on()

    wait_until(lambda: empty(spool), PATIENCE, "the spool is empty")
    assert len(origin_server.held) == 300


def test_a_destination_that_is_down_keeps_no_worker_busy_and_the_backlog_drains_after(
    begin: Begin, redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    origin_server.always = answers.status(503)
    fill(spool, tmp_path, 500)
    begin(redis.settings)
    wait_until(lambda: len(origin_server.stores) >= 8, PATIENCE, "several probes were made")

    probes = origin_server.stores[-4:]
    assert all(len(each.instances) <= 1 for each in probes)
    origin_server.always = well
    wait_until(lambda: empty(spool), PATIENCE, "the spool is empty")
    assert len(origin_server.held) == 500


def test_a_destination_that_fails_does_not_hold_up_another(
    redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    config = tmp_path / "proxy.toml"
    with OriginServer() as hanging:
        hanging.always = answers.hang()
        config.write_text(
            f'[[destinations]]\nname = "good"\nupload_uri = "{origin_server.uri}"\n'
            f'[[destinations]]\nname = "bad"\nupload_uri = "{hanging.uri}"\nbatch_instances = 1\n'
        )
        data = make(tmp_path, 1).path.read_bytes()
        for _ in range(20):
            keep(spool, data, ("bad",))
        service = Service(
            "uploader",
            tmp_path,
            {
                "CONFIG": config,
                "UPLOAD__WORKERS": 2,
                "REDIS__URL": redis.settings.url,
                "SPOOL__PATH": spool.root,
                "HEALTH__PORT": 0,
            },
        )
        with service:
            wait_until(lambda: hanging.stores, PATIENCE, "a worker waits for the bad one")
            keep(spool, data, ("good",))
            client = connect(redis.settings)
            Ticks(client).enqueue_all(Index(client).add(spool.scan("good")).wanted)

            wait_until(lambda: origin_server.held, PATIENCE, "the good one has it")
            assert len(hanging.stores) == 1


def test_a_single_worker_serves_two_destinations_in_turn(
    redis: RedisServer, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    config = tmp_path / "proxy.toml"
    with OriginServer() as other:
        config.write_text(
            "".join(
                f'[[destinations]]\nname = "{name}"\nupload_uri = "{uri}"\nbatch_instances = 1\n'
                for name, uri in (("one", origin_server.uri), ("two", other.uri))
            )
        )
        data = make(tmp_path, 1).path.read_bytes()
        for _ in range(200):
            keep(spool, data, ("one", "two"))
        origin_server.latency = other.latency = 0.01
        environment = {
            "CONFIG": config,
            "UPLOAD__WORKERS": 1,
            "UPLOAD__TICK": 0.2,
            "REDIS__URL": redis.settings.url,
            "SPOOL__PATH": spool.root,
            "HEALTH__PORT": 0,
        }
        with Service("uploader", tmp_path, environment):
            wait_until(lambda: other.stores and origin_server.stores, PATIENCE, "both were served")

            assert len(other.stores) < 200
            assert len(origin_server.stores) < 200


def test_what_cannot_work_is_told_in_one_line(
    begin: Begin, redis: RedisServer, tmp_path: Path
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        service = begin(redis.settings, HEALTH__PORT=port)
        assert service.process
        assert service.process.wait(PATIENCE) == 1
        assert len(service.log.splitlines()) == 1

    (tmp_path / "file").write_text("no folder")
    service = begin(redis.settings, SPOOL__PATH=tmp_path / "file" / "spool")
    assert service.process
    assert service.process.wait(PATIENCE) == 1
    assert len(service.log.splitlines()) == 2

    service = begin(redis.settings, UPLOAD__WORKERS="many")
    assert service.process
    assert service.process.wait(PATIENCE) == 2


def test_without_an_upload_uri_it_waits_for_one_to_be_configured(
    begin: Begin, redis: RedisServer
) -> None:
    service = begin(redis.settings, UPLOAD__URI="", WORKLIST__URI="http://127.0.0.1:9/workitems")
    service.wait_ready()

    assert service.events("uploads.off")
    assert service.terminate() == 0
