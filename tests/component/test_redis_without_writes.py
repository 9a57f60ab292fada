"""A Redis that answers and takes no writes: said once and in words, waited for, nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds


def full(redis: RedisServer) -> None:
    redis.client.config_set("maxmemory", "1mb")
    redis.client.config_set("maxmemory-policy", "noeviction")


def a_replica(redis: RedisServer) -> None:
    redis.client.execute_command("REPLICAOF", "127.0.0.1", "9")


def forbidding(redis: RedisServer) -> None:
    redis.client.execute_command("ACL", "SETUSER", "default", "-@write", "-@scripting")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (full, "is full: its maxmemory is reached"),
        (a_replica, "is a replica and takes no writes"),
        (forbidding, "does not allow our user what it needs"),
    ],
)
def test_a_redis_that_takes_no_writes_is_told_of_once_and_in_words(
    own_redis: RedisServer,
    origin_server: OriginServer,
    fault: Callable[[RedisServer], None],
    said: str,
    tmp_path: Path,
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    made = [make(tmp_path, number, size=800) for number in range(20)]
    settings = {
        "UPLOAD__URI": origin_server.uri,
        "UPLOAD__WORKERS": 2,
        "REDIS__URL": own_redis.settings.url,
        "SPOOL__PATH": spool.root,
        "HEALTH__PORT": 0,
    }
    for each in made[:10]:
        keep(spool, each.path.read_bytes(), ["default"])
    with Service("uploader", tmp_path, settings) as service:
        wait_until(lambda: len(origin_server.held) == 10, PATIENCE, "what was there has arrived")

        fault(own_redis)
        for each in made[10:]:
            keep(spool, each.path.read_bytes(), ["default"])
        wait_until(lambda: service.events("redis.lost"), PATIENCE, "it is noticed")
        wait_until(lambda: service.events("worker.fell"), PATIENCE, "a worker notices")
        own_redis.kill()
        own_redis.start()

        wait_until(lambda: len(origin_server.held) == 20, PATIENCE, "the rest arrives")
        assert [each["reason"] for each in service.events("redis.lost")] == [said]
        assert service.events("process.crashed") == []
