"""GET /metrics of real services: right, however many there are."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.health import Health
from shared.sections import RedisSettings
from shared.spool import Spool
from tests.support import answers
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.poison import failing
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.scraping import Scraped, scrape
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds
REPLICAS = 3


class Replicas:
    def __init__(
        self, origin: OriginServer, redis: RedisSettings, spool: Spool, folder: Path
    ) -> None:
        self.ports = [free_port() for _ in range(REPLICAS)]
        self.services = [
            Service(
                "uploader",
                folder,
                {
                    "UPLOAD__URI": origin.uri,
                    "UPLOAD__WORKERS": 1,
                    "UPLOAD__RETRY_BASE": 5,
                    "UPLOAD__MAX_ATTEMPTS": 1,
                    "UPLOAD__RESCAN": 1,
                    "REDIS__URL": redis.url,
                    "SPOOL__PATH": spool.root,
                    "SPOOL__SYNC": "false",
                    "SPOOL__SOFT_RESERVE": 0,
                    "SPOOL__HARD_RESERVE": 0,
                    "HEALTH__PORT": port,
                },
            )
            for port in self.ports
        ]

    def scraped(self) -> list[Scraped]:
        running = zip(self.ports, self.services, strict=True)
        return [scrape(port) for port, each in running if each.process and not each.process.poll()]

    def added_up(self, name: str, *labels: str) -> float:
        return sum(each.get((name, labels), 0.0) for each in self.scraped())

    def leader(self) -> Service | None:
        found = [scrape(port)["leader", ()] for port in self.ports]
        return self.services[found.index(1.0)] if found.count(1.0) == 1 else None


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path / "spool", sync=False)


@pytest.fixture
def replicas(
    origin_server: OriginServer, redis: RedisServer, spool: Spool, tmp_path: Path
) -> Iterator[Replicas]:
    made = Replicas(origin_server, redis.settings, spool, tmp_path)
    with ExitStack() as stack:
        for each in made.services:
            stack.enter_context(each)
        for each in made.services:
            each.wait_ready()
        wait_until(made.leader, PATIENCE, "one of them to lead")
        yield made


def fill(spool: Spool, folder: Path, count: int, first: int = 1) -> None:
    for number in range(first, first + count):
        keep(spool, make(folder, number, size=800).path.read_bytes(), ("default",))


def test_three_replicas_add_up_to_what_the_origin_server_counted(
    replicas: Replicas, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    refused = make(tmp_path, 75, size=800)
    origin_server.always = failing(refused.uid, 0xA900)
    fill(spool, tmp_path, 150)
    wait_until(lambda: len(origin_server.holdings.stores) >= 149, PATIENCE, "all to be stored")
    wait_until(lambda: replicas.added_up("stored_total", "default") >= 149, PATIENCE, "the counts")
    wait_until(lambda: replicas.added_up("quarantined_total", "default"), PATIENCE, "the refusal")

    stored = float(len(origin_server.holdings.stores))
    assert replicas.added_up("stored_total", "default") == stored == 149
    assert replicas.added_up("quarantined_total", "default") == 1
    assert replicas.added_up("quarantine_instances", "default") == 1
    assert replicas.added_up("ready_instances", "default", "routine") == 0
    answered = len(origin_server.stores)
    assert replicas.added_up("request_seconds_count", "default") <= answered
    assert replicas.added_up("request_instances_sum", "default") >= stored
    assert replicas.added_up("request_instances_bucket", "default", "+Inf") > 0
    assert replicas.added_up("spool_kept_bytes", "default") >= 0
    for each in replicas.scraped():
        assert each["spool_free_bytes", ()] > 0
        assert each["spool_size_bytes", ()] > each["spool_free_bytes", ()]
        assert each["spool_reserve_bytes", ("hard",)] == 0
        assert each["check", ("redis",)] == each["check", ("spool",)] == 1
        assert each["process_start_time_seconds", ()] > 0


def test_another_replica_tells_when_the_leader_dies_and_a_hold_is_seen(
    replicas: Replicas, origin_server: OriginServer, spool: Spool, tmp_path: Path
) -> None:
    fill(spool, tmp_path, 3)
    wait_until(
        lambda: replicas.added_up("stored_total", "default") == 3, PATIENCE, "all to be stored"
    )
    leader = replicas.leader()
    assert leader
    leader.kill()
    wait_until(
        lambda: replicas.added_up("stored_total", "default") == 3, PATIENCE, "another to lead"
    )

    origin_server.always = answers.status(503)
    fill(spool, tmp_path, 2, first=10)
    wait_until(lambda: replicas.added_up("hold_seconds", "default") > 0, PATIENCE, "the hold")
    assert replicas.added_up("faults_in_a_row", "default") >= 1
    assert replicas.added_up("oldest_age_seconds", "default") > 0
    assert replicas.added_up("ready_instances", "default", "routine") == 2
    assert replicas.added_up("failing", "default", "busy") == 1
    assert replicas.added_up("holds_total", "default") >= 1
    assert replicas.added_up("retried_total", "default") >= 2


def test_a_lost_redis_is_told_and_ends_what_only_redis_knows(
    origin_server: OriginServer, own_redis: RedisServer, spool: Spool, tmp_path: Path
) -> None:
    replicas = Replicas(origin_server, own_redis.settings, spool, tmp_path)
    with replicas.services[0] as service:
        service.wait_ready()
        wait_until(lambda: replicas.added_up("leader"), PATIENCE, "it to lead")
        own_redis.kill()
        wait_until(lambda: not replicas.added_up("leader"), PATIENCE, "it to lead no more")

        found = scrape(replicas.ports[0])
    assert found["check", ("redis",)] == 0
    assert ("stored_total", ("default",)) not in found


def test_a_service_without_metrics_of_its_own_tells_of_its_checks_and_process() -> None:
    health = Health("127.0.0.1", 0, ready={"spool": lambda: "is full", "other": lambda: None})
    health.start()
    found = scrape(health.port)
    health.close()

    assert found["check", ("spool",)] == 0
    assert found["check", ("other",)] == 1
