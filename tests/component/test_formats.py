"""What earlier versions wrote is read as it is. Each folder of tests/fixtures/formats is one format
version, written by a program of that version: one routine and one urgent instance wait, the urgent
one leased by a tick that is no more, and a third was delivered.
"""

import json
import shutil
from pathlib import Path

import pytest

from shared import ledger
from shared.broker import connect
from shared.errors import SpoolError
from shared.index import Index
from shared.index_version import IndexVersion
from shared.sender import Sender
from shared.spool import VERSION, Spool
from tests.support.redis_server import RedisServer
from tests.support.spools import content, open_spool

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
    assert all(len(content(spool.file(each))) == each.size for each in kept)


def test_the_sender_is_known_from_the_second_version_on(tmp_path: Path) -> None:
    senders = {
        version: {each.sender for each in spool_of(version, tmp_path / version).scan("cloud")}
        for version in ("1", "2", "3", "4", "5", "6")
    }

    known = {Sender("PROXY", "CT 1", "CT"), Sender("PROXY")}
    assert senders == {"1": {Sender()}, **dict.fromkeys(("2", "3", "4", "5", "6"), known)}


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


def test_a_line_of_the_ledger_may_have_fields_that_we_do_not_know(tmp_path: Path) -> None:
    spool = spool_of("1", tmp_path)
    [file] = (spool.root / ledger.FOLDER).glob("*.jsonl")
    [line] = file.read_text("ascii").splitlines()
    file.write_text(line.replace('"time"', '"more":[1],"time"') + "\n", "ascii")

    [record] = spool.ledger(DELIVERED)

    assert record["more"] == [1]


def test_the_ledger_of_a_later_version_is_refused_and_holds_up_no_delivery(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = spool_of("1", tmp_path)
    folder = spool.root / ledger.FOLDER
    (folder / ".version").write_text(f"{ledger.VERSION + 1}\n", "ascii")
    before = [(each.name, each.read_bytes()) for each in sorted(folder.iterdir())]

    for each in spool.scan("cloud"):
        spool.release(each)

    assert not list(spool.scan("cloud"))
    assert [(each.name, each.read_bytes()) for each in sorted(folder.iterdir())] == before
    told = f"was written by a later version (layout 2, this one knows {ledger.VERSION})"
    assert told in capsys.readouterr().out
    with pytest.raises(SpoolError, match="was written by a later version"):
        list(spool.ledger())


def test_a_ledger_has_its_version_beside_it_and_keeps_it(tmp_path: Path) -> None:
    spool = spool_of("1", tmp_path)

    for each in spool.scan("cloud"):
        spool.release(each)
    spool.tidy()

    assert (spool.root / ledger.FOLDER / ".version").read_text("ascii") == f"{ledger.VERSION}\n"


@each_version
def test_the_index_of_an_earlier_version_hands_out_what_waits(
    version: str, tmp_path: Path, redis: RedisServer
) -> None:
    for command in json.loads((FORMATS / version / "index.json").read_text("utf-8")):
        redis.client.execute_command(*command)
    client = connect(redis.settings)
    index = Index(client)
    IndexVersion(client).check()
    kept = set(spool_of(version, tmp_path).scan("cloud"))

    index.reap("cloud")
    claimed = [
        claim.entry
        for _ in range(2)
        for claim in index.claim("cloud", most=9, max_bytes=10**9, lease=60).claims
    ]

    assert set(claimed) == kept
    assert claimed[0].urgent
