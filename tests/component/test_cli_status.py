"""`dicomweb-proxy status` beside a proxy that runs, that is held, that is down."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from shared.keys import UPLOADERS, leader
from standalone import study
from tests.support.cli import Console
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.redis_server import RedisServer
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(monkeypatch, capsys)


@pytest.fixture
def made() -> list[Dataset]:
    return list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5]


def test_it_counts_what_was_stored(console: Console, tmp_path: Path, made: list[Dataset]) -> None:
    with sandbox(tmp_path / "sandbox") as base:
        console.set(UPLOAD__URI=f"{base}/studies", SPOOL__PATH=tmp_path / "spool")
        with proxy(tmp_path, UPLOAD__URI=f"{base}/studies") as running:
            send(running.port, made)

            def stored() -> object:
                [line] = console("status", "--json").json["destinations"]
                return line["index"] and line["index"]["totals"].get("stored")

            wait_until(lambda: stored() == len(made), 20, "all to be stored")
            text = console("status").out

    assert "Redis   answers" in text
    assert text.splitlines()[-2].split()[:5] == ["default", "0", "0", "5", "0"]


def test_it_says_why_a_destination_is_held(
    console: Console, tmp_path: Path, made: list[Dataset]
) -> None:
    uri = f"http://127.0.0.1:{free_port()}/studies"
    console.set(UPLOAD__URI=uri, SPOOL__PATH=tmp_path / "spool")
    with proxy(tmp_path, UPLOAD__URI=uri) as running:
        send(running.port, made)

        wait_until(lambda: "held for" in console("status").out, 20, "the hold")
        text = console("status").out

    assert "refuses connections" in text
    assert text.splitlines()[-2].split()[1] == "5"


def test_without_redis_it_tells_what_the_spool_says(console: Console, tmp_path: Path) -> None:
    console.set(UPLOAD__URI="https://archive.example/studies", SPOOL__PATH=tmp_path / "spool")
    spool = open_spool(tmp_path / "spool")
    keep(spool, b"instance", ["default"])

    ended = console("status")

    assert ended.code == 3
    assert "unknown: Redis is not running" in ended.out
    spool.close()


def served(console: Console, redis: RedisServer, spool: Path) -> None:
    """An uploader runs, as far as Redis knows."""
    console.set(
        UPLOAD__URI="https://archive.example/studies",
        REDIS__URL=redis.settings.url,
        SPOOL__PATH=spool,
    )
    redis.client.zadd(UPLOADERS, {"one 1": time.time() + 10})
    redis.client.set(leader(["default"]), "one")


def test_a_destination_that_no_uploader_knows_is_told(
    console: Console, redis: RedisServer, tmp_path: Path
) -> None:
    served(console, redis, tmp_path / "spool")
    open_spool(tmp_path / "spool").close()
    calm = console("status")
    redis.client.rename(leader(["default"]), leader(["elsewhere", "other"]))

    ended, found = console("status"), console("status", "--json").json

    assert (calm.code, ended.code) == (0, 1)
    assert "uploads default: no uploader that runs sends there" in ended.out
    assert found["destinations"][0]["state"] == "no uploader that runs sends there"
    redis.client.rename(leader(["elsewhere", "other"]), leader(["default", "other"]))
    assert console("status").code == 0


def test_what_waits_for_a_destination_that_is_gone_is_told_with_what_to_do(
    console: Console, redis: RedisServer, tmp_path: Path
) -> None:
    served(console, redis, tmp_path / "spool")
    spool = open_spool(tmp_path / "spool")
    calm = console("status").code
    keep(spool, b"instance", ["closed"])
    keep(spool, b"instance", ["closed"])
    spool.close()

    ended, found = console("status"), console("status", "--json").json

    assert (calm, ended.code) == (0, 1)
    assert found["orphans"] == [{"name": "closed", "kept": 2, "bytes": 16}]
    assert f"{tmp_path / 'spool' / 'closed'}: 2 instances wait" in ended.out
    assert "(16 bytes)" in ended.out
    assert "spool check --orphans-to NAME --repair" in ended.out


def test_modalities_that_are_turned_away_are_no_success(
    console: Console, redis: RedisServer, tmp_path: Path
) -> None:
    served(console, redis, tmp_path / "spool")
    open_spool(tmp_path / "spool").close()
    roomy = console("status").code
    console.set(SPOOL__SOFT_RESERVE=1 << 60, SPOOL__HARD_RESERVE=0)

    ended = console("status")

    assert (roomy, ended.code) == (0, 1)
    assert "FULL, modalities are turned away" in ended.out


def test_without_redis_nothing_is_called_idle(console: Console, tmp_path: Path) -> None:
    console.set(UPLOAD__URI="https://archive.example/studies", SPOOL__PATH=tmp_path / "spool")
    open_spool(tmp_path / "spool").close()

    ended = console("status")

    assert ended.code == 3
    assert ended.out.splitlines()[-2].endswith("unknown: Redis is not running")
    assert "idle" not in ended.out


def test_a_sandbox_is_called_one(console: Console, tmp_path: Path) -> None:
    console.set(SANDBOX="http://127.0.0.1:1", SPOOL__PATH=tmp_path / "spool")

    assert "SANDBOX, not an archive" in console("status").out


@pytest.mark.parametrize("there", [False, True], ids=["nothing", "a file"])
def test_what_is_no_spool_is_not_called_an_empty_one(
    console: Console, tmp_path: Path, *, there: bool
) -> None:
    console.set(UPLOAD__URI="https://archive.example/studies", SPOOL__PATH=tmp_path / "none")
    if there:
        (tmp_path / "none").write_text("no folder")

    ended = console("status", "--json")

    assert ended.code == 3
    assert (ended.json["free"], ended.json["destinations"][0]["kept"]) == (None, None)
    assert "cannot be read" in console("status").out
