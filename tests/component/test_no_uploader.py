"""No uploader runs: `status` and the page say so, whether anything waits or not."""

from pathlib import Path

import pytest

from tests.support.cli import Console, Ended
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service, of_uploader
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.status_page import page
from tests.support.waiting import wait_until

PATIENCE = 40  # seconds; a Redis that has just started gives uploaders 15
SAID = "no uploader runs"


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(monkeypatch, capsys)


def test_one_that_cannot_start_is_told_with_and_without_instances_that_wait(
    own_redis: RedisServer, console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    settings = {
        "UPLOAD__URI": "https://archive.invalid/studies",
        "AUTH__KIND": "basic",
        "AUTH__USERNAME": "proxy",
        "AUTH__PASSWORD_FILE": tmp_path / "missing",
    }
    with Service(
        "uploader", tmp_path, of_uploader(own_redis.settings.url, spool.root, **settings)
    ) as uploader:
        assert uploader.process
        assert uploader.process.wait(20) == 2
    console.set(SPOOL__PATH=spool.root, REDIS__URL=own_redis.settings.url, **settings)

    assert console("status").code == 0  # Redis has just started: one may be about to
    wait_until(lambda: console("status").code == 1, PATIENCE, "it to be told")
    idle = console("status")
    keep(spool, make(tmp_path, 1, size=800).path.read_bytes(), ["default"])
    waiting = console("status", "--json")
    redis = {"REDIS__URL": own_redis.settings.url}
    with page(tmp_path, **settings, **redis) as visit:
        told = visit.get("/state").json()
    spool.close()

    assert f"uploads {SAID}: nothing is sent" in idle.out
    assert idle.out.splitlines()[-2].endswith(SAID)
    [line] = waiting.json["destinations"]
    assert (waiting.code, waiting.json["uploaders"], line["state"]) == (1, 0, SAID)
    assert (told["summary"], told["trouble"]) == ("No uploader runs: nothing is sent", True)


def test_one_that_fell_is_told_soon_and_one_that_comes_back_at_once(
    own_redis: RedisServer, origin_server: OriginServer, console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    settings = of_uploader(own_redis.settings.url, spool.root, UPLOAD__URI=origin_server.uri)
    console.set(**settings)

    def status() -> Ended:
        return console("status")

    def old_enough() -> bool:
        return int(own_redis.client.info("server")["uptime_in_seconds"]) > 15

    with Service("uploader", tmp_path, settings) as uploader:
        wait_until(lambda: uploader.events("uploader.started"), PATIENCE, "it to run")
        wait_until(old_enough, PATIENCE, "a Redis that started long ago")
        assert status().code == 0
        assert SAID not in status().out

        uploader.kill()
        wait_until(lambda: SAID in status().out, PATIENCE, "it to be told")
        assert status().code == 1

        uploader.start()
        wait_until(lambda: status().code == 0, PATIENCE, "it to be back")
    spool.close()


def test_a_redis_that_takes_no_writes_is_not_called_a_missing_uploader(
    own_redis: RedisServer, console: Console, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    own_redis.client.execute_command("REPLICAOF", "127.0.0.1", "9")
    console.set(
        **of_uploader(own_redis.settings.url, spool.root, UPLOAD__URI="https://archive.invalid/")
    )

    ended = console("status")
    spool.close()

    assert ended.code == 3
    assert "Redis   is a replica and takes no writes" in ended.out
