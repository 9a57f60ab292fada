"""What is thrown away by itself, and what never is."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest

from receiver.part10 import file_meta
from shared.entry import Entry
from shared.errors import SpoolFull
from shared.spool import Spool
from shared.spool_sections import SpoolSettings
from tests.support.small_disk import small_disk
from tests.support.spools import files_below, keep
from tests.support.waiting import wait_until

HOUR = 3600
PART10 = file_meta("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "1.2.840.10008.1.2.1") + b"data set"


def opened(path: Path, **settings: Any) -> Spool:
    calm = {"soft_reserve": 0, "hard_reserve": 0}
    spool = Spool(SpoolSettings(path=path, **{**calm, **settings}))
    spool.open()
    return spool


def age(folder: Path, hours: int) -> Path:
    """Rename a folder or file named by the hour, as if it were older."""
    name = time.strftime("%Y%m%d%H", time.gmtime(time.time() - hours * HOUR))
    return folder.rename(folder.with_name(name + folder.suffix))


def test_the_ledger_remembers_what_was_delivered(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    cloud, research = keep(spool, PART10, ["cloud", "research"])

    spool.release(cloud)
    spool.release(research)
    spool.release(research)

    first, second = spool.ledger("1.2.3")
    assert first["destination"] == "cloud"
    assert first["sha256"] == hashlib.sha256(PART10).hexdigest()
    assert first["size"] == len(PART10)
    assert first["name"] == cloud.name
    assert abs(first["time"] - time.time()) < 60
    assert second["destination"] == "research"
    assert list(spool.ledger("1.2.4")) == []
    assert len(list(spool.ledger())) == 2


def test_delivered_instances_make_room_whatever_the_disk_says_of_its_space(tmp_path: Path) -> None:
    """A reserve of 0 is kept here; of inodes, or of a quota, none may be left either."""
    with small_disk(tmp_path) as disk:
        spool = opened(tmp_path, keep_delivered=HOUR)
        spool.release(keep(spool, bytes(8192))[0])
        assert [each for each in files_below(tmp_path) if each.startswith(".delivered/")]
        disk.fill()

        with pytest.raises(SpoolFull):
            keep(spool, bytes(16 * 1024))

        kept = tmp_path / ".delivered"  # while it goes; a glob fails where a folder does
        wait_until(lambda: not any(files for *_, files in os.walk(kept)), 20, "there to be room")
        spool.close()


def test_the_ledger_may_do_without_digests_or_be_off(tmp_path: Path) -> None:
    plain, none = (
        opened(tmp_path / "a", ledger_digest=False),
        opened(tmp_path / "b", ledger_bytes=0),
    )

    for spool in (plain, none):
        spool.release(keep(spool, PART10)[0])

    assert [each["sha256"] for each in plain.ledger()] == [""]
    assert list(none.ledger()) == []


def test_a_ledger_that_cannot_be_written_holds_nothing_up(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    (tmp_path / ".ledger").write_text("a file where the folder should be")
    [entry] = keep(spool, PART10)

    spool.release(entry)

    assert list(spool.scan("cloud")) == []


def test_a_ledger_line_cut_short_hides_no_other(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.release(keep(spool, PART10)[0])
    [file] = (tmp_path / ".ledger").glob("*.jsonl")
    file.write_bytes(b'{"time": 17\n' + file.read_bytes() + b'{"ti')

    assert len(list(spool.ledger())) == 1


def test_old_ledgers_and_too_large_ones_are_forgotten(tmp_path: Path) -> None:
    spool = opened(tmp_path, ledger_age=48 * HOUR, ledger_bytes=1000)
    ledger = tmp_path / ".ledger"
    ledger.mkdir()
    for hours, size in ((100, 10), (30, 10), (20, 600), (10, 600)):
        (ledger / "now.jsonl").write_bytes(b"\n" * size)
        age(ledger / "now.jsonl", hours)

    spool.tidy()

    [left] = ledger.iterdir()
    assert left.name == age(left, 10).name


def test_the_ledger_of_this_hour_is_no_part_of_what_is_too_much(tmp_path: Path) -> None:
    spool, other = (opened(tmp_path, ledger_bytes=300) for _ in range(2))
    for _ in range(4):
        spool.release(keep(spool, PART10)[0])
    other.tidy()
    spool.release(keep(spool, PART10)[0])

    assert len(list(other.ledger())) == 5


def test_a_ledger_that_somebody_removed_is_begun_again(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.release(keep(spool, PART10)[0])
    for file in (tmp_path / ".ledger").glob("*.jsonl"):
        file.unlink()

    spool.release(keep(spool, PART10)[0])

    assert len(list(spool.ledger())) == 1


def test_delivered_instances_stay_as_long_as_they_should(tmp_path: Path) -> None:
    spool = opened(tmp_path, keep_delivered=10 * HOUR)
    old, young = keep(spool, b"old")[0], keep(spool, b"young")[0]
    spool.release(old)
    [folder] = (tmp_path / ".delivered" / "cloud").iterdir()
    age(folder, 20)
    spool.release(young)

    spool.tidy()

    assert list(spool.scan("cloud")) == []
    assert [Path(each).name for each in files_below(tmp_path)] == [f"{young.name}.dcm"]


def test_delivered_instances_give_way_when_space_is_low(tmp_path: Path) -> None:
    with small_disk(tmp_path, 4 * 1024 * 1024):
        spool = opened(tmp_path, keep_delivered=10 * HOUR)
        for _ in range(3):
            spool.release(keep(spool, bytes(100_000))[0])
        [waiting] = keep(spool, b"waiting")
        assert len(files_below(tmp_path)) == 4

        low = Spool(SpoolSettings(path=tmp_path, keep_delivered=10 * HOUR, soft_reserve=2**62))
        low.pressure()

        wait_until(lambda: files_below(tmp_path) == {waiting.path}, 10, "delivered ones are gone")


def test_quarantine_stays_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    entries = [keep(spool, bytes(1000))[0] for _ in range(4)]
    for entry in entries:
        spool.quarantine(entry, {})

    spool.tidy()
    assert len(list(spool.quarantined())) == 4

    opened(tmp_path, quarantine_bytes=2500).tidy()
    assert [item.name for item in spool.quarantined()] == [each.name for each in entries[2:]]


def test_the_age_in_quarantine_counts_from_when_it_was_set_aside(tmp_path: Path) -> None:
    """Not from reception: what waited for weeks would go before anybody could see it."""
    spool = opened(tmp_path, quarantine_age=2)
    first, second = (keep(spool, bytes(1000))[0] for _ in range(2))
    spool.quarantine(second, {})  # the younger one
    spool.tidy()
    time.sleep(2.1)
    ancient = Entry(f"cloud/routine/20010909014640/{10**18:016x}{first.name[16:]}.dcm", 1000)
    spool.file(ancient).parent.mkdir()
    spool.file(first).rename(spool.file(ancient))
    spool.quarantine(ancient, {})

    spool.tidy()

    assert [item.name for item in spool.quarantined()] == [ancient.name]


def test_one_that_cannot_be_deleted_keeps_nothing_else(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    stuck, other = (keep(spool, bytes(1000))[0] for _ in range(2))
    for entry in (other, stuck):
        spool.quarantine(entry, {})
    file = tmp_path / ".quarantine/cloud" / f"{stuck.name}.dcm"
    file.unlink()
    (file / "with something in it").mkdir(parents=True)
    idle = tmp_path / "cloud/routine/20250101000000"
    idle.mkdir()

    opened(tmp_path, quarantine_bytes=1).tidy()

    assert [item.name for item in spool.quarantined()] == [stuck.name]
    assert not idle.exists()


def test_empty_folders_of_former_hours_are_removed_and_full_ones_stay(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    [entry] = keep(spool, b"data")
    folder = spool.file(entry).parent
    empty, full = folder.with_name("20250101000000"), folder.with_name("20250102000000")
    empty.mkdir()
    full.mkdir()
    os.link(spool.file(entry), full / f"{entry.name}.dcm")
    spool.release(entry)

    spool.tidy()

    assert not empty.exists()
    assert folder.exists(), "the folder of this hour is in use"
    assert [each.path for each in spool.scan("cloud")] == [
        f"cloud/routine/20250102000000/{entry.name}.dcm"
    ]
