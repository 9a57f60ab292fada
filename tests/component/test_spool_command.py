"""`dicomweb-proxy spool check`, with a real index."""

import os
from pathlib import Path

import pytest
from redis import Redis

from receiver.part10 import file_meta
from shared.broker import connect
from shared.entry import Entry
from shared.index import Index
from shared.spool import Spool
from tests.support.cli import Console
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool

PART10 = file_meta("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "1.2.840.10008.1.2.1") + b"data set"
AGE_NS = 3600 * 10**9


@pytest.fixture
def console(
    tmp_path: Path,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Console:
    console = Console(monkeypatch, capsys)
    console.set(
        UPLOAD__URI="http://127.0.0.1:9/studies",
        SPOOL__PATH=tmp_path,
        REDIS__URL=redis.settings.url,
    )
    return console


@pytest.fixture
def client(redis: RedisServer) -> Redis:
    return connect(redis.settings)


def kept_an_hour_ago(spool: Spool, destination: str = "default") -> Entry:
    [entry] = keep(spool, PART10, [destination])
    file = spool.file(entry)
    name = f"{int(entry.name[:16], 16) - AGE_NS:016x}{file.name[16:]}"
    return Entry.at(str(file.rename(file.with_name(name)).relative_to(spool.root)))


def test_a_sound_spool_is_said_to_be_so(tmp_path: Path, console: Console, client: Redis) -> None:
    spool = open_spool(tmp_path)
    Index(client).add([kept_an_hour_ago(spool)])

    ended = console("spool", "check", "--deep")

    assert (ended.code, ended.out) == (0, "The spool is as it should be.\n")
    spool.close()


def test_what_is_wrong_is_listed_and_nothing_touched(
    tmp_path: Path, console: Console, client: Redis
) -> None:
    spool = open_spool(tmp_path)
    unindexed, orphan = kept_an_hour_ago(spool), kept_an_hour_ago(spool, "former")
    gone = kept_an_hour_ago(spool)
    Index(client).add([gone, orphan])
    spool.release(gone)

    ended = console("spool", "check", "--json")

    assert ended.code == 1
    found = {(each["kind"], each["path"], each["done"]) for each in ended.json["findings"]}
    assert found == {
        ("unindexed", unindexed.path, ""),
        ("orphan", orphan.path, ""),
        ("gone", gone.path, ""),
    }
    assert ended.json["counts"] == {"unindexed": 1, "orphan": 1, "gone": 1}
    assert spool.file(orphan).exists()
    spool.close()


def test_repairs_are_made_and_said(tmp_path: Path, console: Console, client: Redis) -> None:
    spool = open_spool(tmp_path)
    index = Index(client)
    kept_an_hour_ago(spool)
    broken = kept_an_hour_ago(spool)
    os.truncate(spool.file(broken), 10)
    gone = kept_an_hour_ago(spool)
    index.add([broken, gone])
    spool.release(gone)
    scans = index.scans_wanted()

    ended = console("spool", "check", "--repair")

    assert ended.code == 0
    for told in ("set aside in quarantine", "taken out of the index", "a scan will add it"):
        assert told in ended.out
    assert index.scans_wanted() == scans + 1
    assert len(list(spool.quarantined())) == 1
    [left] = console("spool", "check", "--json").json["findings"]
    assert left["kind"] == "unindexed"  # until the scan, which an uploader makes
    spool.close()


def test_orphans_go_to_the_destination_that_is_named(tmp_path: Path, console: Console) -> None:
    spool = open_spool(tmp_path)
    kept_an_hour_ago(spool, "former")

    ended = console("spool", "check", "--requeue", "default")

    assert "moved to default" in ended.out
    assert len(list(spool.scan("default"))) == 1
    assert console("spool", "check", "--requeue", "nowhere").code == 2
    spool.close()


def test_without_an_index_the_rest_is_checked(
    tmp_path: Path, console: Console, own_redis: RedisServer
) -> None:
    spool = open_spool(tmp_path)
    os.truncate(spool.file(kept_an_hour_ago(spool)), 10)
    console.set(REDIS__URL=own_redis.settings.url)
    own_redis.kill()

    ended = console("spool", "check")

    assert ended.code == 1
    assert "1 truncated." in ended.out
    assert "could not be asked" in ended.out
    spool.close()
