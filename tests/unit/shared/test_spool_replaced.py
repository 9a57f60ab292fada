"""Something else stands where the spool's own files and folders should be: nothing waits for it."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.part10 import file_meta
from shared.entry import Entry
from shared.errors import SpoolError
from shared.incoming import Incoming
from shared.spool import Spool
from shared.spool_check import Kind, check, repair
from shared.spool_sections import SpoolSettings
from tests.support.spools import files_below, keep, open_spool

PART10 = file_meta("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "1.2.840.10008.1.2.1") + b"data set"


def a_file(path: Path) -> None:
    path.write_bytes(b"no folder")


def a_link_loop(path: Path) -> None:
    path.symlink_to(path)


def a_dead_link(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def a_full_folder(path: Path) -> None:
    (path / "with something in it").mkdir(parents=True)


NO_FOLDER: list[Callable[[Path], object]] = [a_file, a_link_loop, a_dead_link]
NO_FILE: list[Callable[[Path], object]] = [os.mkfifo, a_full_folder, a_link_loop, a_dead_link]


CALM = {"soft_reserve": 0, "hard_reserve": 0, "sync": False}


def opened(path: Path, **settings: object) -> Spool:
    spool = Spool(SpoolSettings.model_validate({"path": path, **CALM, **settings}))
    spool.open()
    return spool


@pytest.mark.parametrize("put", NO_FOLDER)
def test_a_folder_of_the_hour_is_begun_anew(put: Callable[[Path], object], tmp_path: Path) -> None:
    spool = opened(tmp_path)
    [before] = keep(spool, b"before")
    folder = spool.file(before).parent
    folder.rename(folder.with_name("20250101000000"))
    put(folder)

    after = keep_in_the_end(spool, b"after")

    found = {each.name for each in spool.scan("cloud")}
    assert found == {before.name, after.name}
    assert spool.file(after).read_bytes() == b"after"


def keep_in_the_end(spool: Spool, data: bytes) -> Entry:
    """Within the second in which the old folder was begun a new one has the same name."""
    for _ in range(20):
        try:
            return keep(spool, data)[0]
        except SpoolError:
            time.sleep(0.1)
    return keep(spool, data)[0]


@pytest.mark.parametrize("put", NO_FOLDER)
@pytest.mark.parametrize("where", [".delivered", ".delivered/cloud"])
def test_what_cannot_be_kept_after_delivery_is_removed(
    put: Callable[[Path], object], where: str, tmp_path: Path
) -> None:
    """It would be sent again, and again."""
    spool = opened(tmp_path, keep_delivered=3600)
    (tmp_path / where).parent.mkdir(exist_ok=True)
    put(tmp_path / where)
    [entry] = keep(spool, PART10)

    spool.release(entry)

    assert list(spool.scan("cloud")) == []
    assert [each["name"] for each in spool.ledger()] == [entry.name]


def test_relief_ends_where_something_cannot_be_removed(tmp_path: Path) -> None:
    low = opened(tmp_path, keep_delivered=3600, soft_reserve=2**62)
    (tmp_path / ".delivered/cloud").mkdir(parents=True)
    (tmp_path / ".delivered/cloud/2025010100").write_bytes(b"a file in place of a folder")

    low.tidy()

    assert files_below(tmp_path) == {".delivered/cloud/2025010100"}


@pytest.mark.parametrize("put", NO_FILE)
def test_a_ledger_that_is_no_file_holds_nothing_up(
    put: Callable[[Path], object], tmp_path: Path
) -> None:
    spool = opened(tmp_path)
    spool.release(keep(spool, PART10)[0])
    [ledger] = (tmp_path / ".ledger").glob("*.jsonl")
    ledger.rename(ledger.with_name("2025010100.jsonl"))
    put(ledger)
    spool.close()

    spool = opened(tmp_path)
    spool.release(keep(spool, PART10)[0])

    assert list(spool.scan("cloud")) == []
    assert [each["sop_instance_uid"] for each in spool.ledger()] == ["1.2.3"], "of the other file"
    spool.tidy()


def test_a_nested_line_in_a_ledger_is_skipped(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.release(keep(spool, PART10)[0])
    (tmp_path / ".ledger/2025010100.jsonl").write_bytes(b"[" * 60_000 + b"\n" + bytes(200_000))

    assert [each["sop_instance_uid"] for each in spool.ledger()] == ["1.2.3"]


@pytest.mark.parametrize("put", NO_FILE)
@pytest.mark.parametrize("act", ["requeue", "drop"])
def test_a_record_that_is_no_file_is_an_empty_one(
    put: Callable[[Path], object], act: str, tmp_path: Path
) -> None:
    spool = opened(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, {"http_status": 409})
    record = tmp_path / ".quarantine/cloud" / f"{entry.name}.json"
    record.unlink()
    put(record)

    [item] = spool.quarantined()
    assert item.record == {}
    getattr(spool, act)(item)

    assert list(spool.quarantined()) == []
    assert len(list(spool.scan("cloud"))) == (act == "requeue")


def test_a_nested_record_is_an_empty_one(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, {})
    (tmp_path / ".quarantine/cloud" / f"{entry.name}.json").write_text("[" * 50_000)

    assert [item.record for item in spool.quarantined()] == [{}]


@pytest.mark.parametrize("put", NO_FILE)
@pytest.mark.parametrize("dot", ["", "."])
def test_an_instance_is_set_aside_without_its_record_at_need(
    put: Callable[[Path], object], dot: str, tmp_path: Path
) -> None:
    spool = opened(tmp_path)
    [entry] = keep(spool, b"data")
    folder = tmp_path / ".quarantine/cloud"
    folder.mkdir(parents=True)
    put(folder / f"{dot}{entry.name}.json")

    spool.quarantine(entry, {"http_status": 409})

    assert list(spool.scan("cloud")) == []
    [item] = spool.quarantined()
    assert (folder / f"{item.name}.dcm").read_bytes() == b"data"


def test_a_record_alone_that_is_a_folder_is_told_of(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    name = "18ec8898cb395818b8c31d17~4"
    a_full_folder(tmp_path / ".quarantine/cloud" / f"{name}.json")

    [found] = check(spool, ["cloud"])

    assert found.kind is Kind.RECORD_ALONE
    with pytest.raises(SpoolError, match="cannot remove a record"):
        repair(spool, found)


def test_what_another_folder_would_hide_is_not_taken(tmp_path: Path) -> None:
    """The spool's file system is gone, and what it had covered looks like a spool as well."""
    root, away = tmp_path / "spool", tmp_path / "away"
    spool = open_spool(root)
    keep(spool, b"first")
    root.rename(away)
    open_spool(root).close()

    for _ in range(3):
        with pytest.raises(SpoolError, match="is the spool mounted"):
            spool.receive()

    shutil.rmtree(root)
    away.rename(root)
    for number in range(3):
        keep(spool, bytes([number]))
    assert len(list(spool.scan("cloud"))) == 4


def test_nothing_is_made_ahead_in_what_hides_the_spool(tmp_path: Path) -> None:
    """It would be gone once the spool is back, and an instance refused that found no other."""
    root = tmp_path / "spool"
    open_spool(root).close()
    incoming = Incoming(root, 7, ahead=True)
    incoming.prove_home()
    assert incoming._spares
    root.rename(tmp_path / "away")
    open_spool(root).close()

    with pytest.raises(SpoolError, match="is the spool mounted"):
        incoming._spares.take()

    incoming.close()
    assert list((root / ".incoming").iterdir()) == []


def test_a_spool_that_is_gone_before_its_first_instance_is_noticed_too(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    spool = open_spool(root)
    root.rename(tmp_path / "away")
    open_spool(root).close()

    with pytest.raises(SpoolError, match="is the spool mounted"):
        spool.receive()


def test_a_lock_that_somebody_tidied_away_is_taken_again(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    keep(spool, b"first")
    [lock] = tmp_path.glob(".incoming/*.lock")
    lock.unlink()

    begun = spool.receive()
    begun.write(b"second")

    assert lock.exists()
    open_spool(tmp_path).close()  # takes it for no dead one's
    assert begun.keep(["cloud"])
