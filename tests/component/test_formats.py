"""What earlier versions wrote is read as it is. Each folder of tests/fixtures/formats is one format
version, written by a program of that version: one routine and one urgent instance wait, the urgent
one leased by a tick that is no more, and a third was delivered.
"""

import json
import shutil
from pathlib import Path

import pytest

from shared.broker import connect
from shared.index import Index
from shared.sender import Sender
from shared.spool import VERSION, Spool
from tests.support.redis_server import RedisServer
from tests.support.spools import open_spool

FORMATS = Path(__file__).parents[1] / "fixtures" / "formats"
DELIVERED = "1.2.826.0.1.3680043.10.1.1.1.3"
each_version = pytest.mark.parametrize("version", [str(each + 1) for each in range(VERSION)])


def spool_of(version: str, folder: Path) -> Spool:
    root = folder / "spool"
    shutil.copytree(FORMATS / version / "spool", root)
    return open_spool(root)


@each_version
def test_instances_that_an_earlier_version_kept_wait_still(version: str, tmp_path: Path) -> None:
    spool = spool_of(version, tmp_path)

    kept = list(spool.scan("cloud"))

    assert sorted(each.urgent for each in kept) == [False, True]
    assert all(spool.file(each).stat().st_size == each.size for each in kept)


def test_the_sender_is_known_from_the_second_version_on(tmp_path: Path) -> None:
    senders = {
        version: {each.sender for each in spool_of(version, tmp_path / version).scan("cloud")}
        for version in ("1", "2")
    }

    assert senders == {"1": {Sender()}, "2": {Sender("PROXY", "CT 1", "CT"), Sender("PROXY")}}


@each_version
def test_an_earlier_version_is_marked_as_ours_once_it_is_opened(
    version: str, tmp_path: Path
) -> None:
    spool = spool_of(version, tmp_path)

    assert (spool.root / ".version").read_text() == f"{VERSION}\n"


@each_version
def test_the_ledger_of_an_earlier_version_answers(version: str, tmp_path: Path) -> None:
    [record] = spool_of(version, tmp_path).ledger(DELIVERED)

    assert record["destination"] == "cloud"
    assert len(record["sha256"]) == 64


@each_version
def test_the_index_of_an_earlier_version_hands_out_what_waits(
    version: str, tmp_path: Path, redis: RedisServer
) -> None:
    for command in json.loads((FORMATS / version / "index.json").read_text("utf-8")):
        redis.client.execute_command(*command)
    index = Index(connect(redis.settings))
    kept = set(spool_of(version, tmp_path).scan("cloud"))

    index.reap("cloud")
    claimed = [
        claim.entry
        for _ in range(2)
        for claim in index.claim("cloud", most=9, max_bytes=10**9, lease=60).claims
    ]

    assert set(claimed) == kept
    assert claimed[0].urgent
