"""What is kept is found again, what is released is gone, and nothing else is touched."""

import itertools
import re
import time
from pathlib import Path

import pytest

from shared.entry import Entry
from shared.errors import SpoolError
from shared.spool import VERSION, Spool
from shared.spool_sections import SpoolSettings
from tests.support.spools import files_below, keep, open_spool


def test_a_kept_instance_is_read_back_byte_for_byte(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)

    reception = spool.receive()
    reception.write(b"one ")
    reception.write(memoryview(b"two"))
    [entry] = reception.keep(["cloud"])

    assert spool.file(entry).read_bytes() == b"one two"
    assert entry.size == 7


def test_an_entry_says_all_by_its_path(tmp_path: Path) -> None:
    before = time.time()
    [entry] = keep(open_spool(tmp_path), b"data", ["cloud-1"], urgent=True)

    assert entry.destination == "cloud-1"
    assert entry.urgent
    assert before <= entry.received <= time.time()
    assert re.fullmatch(r"cloud-1/urgent/[0-9]{14}/[0-9a-f]{24}~4\.dcm", entry.path)
    assert Entry.at(entry.path) == entry


@pytest.mark.parametrize(
    "path",
    [
        "../routine/20260101000000/000000000000000000000000~1.dcm",
        "cloud/routine/20260101000000/../../../../etc/passwd~1.dcm",
        "/cloud/routine/20260101000000/000000000000000000000000~1.dcm",
        "cloud/later/20260101000000/000000000000000000000000~1.dcm",
        "cloud/routine/20260101000000/000000000000000000000000~1.dcm\n",
        "cloud/routine/20260101000000/.000000000000000000000000~1.dcm",
        "cloud/routine/20260101000000/000000000000000000000000.dcm",
        "",
    ],
)
def test_no_other_path_becomes_an_entry(path: str) -> None:
    with pytest.raises(ValueError, match="not the path"):
        Entry.at(path)


def test_two_destinations_share_one_copy_of_the_data(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)

    cloud, research = keep(spool, b"data", ["cloud", "research"])

    assert spool.file(cloud).samefile(spool.file(research))
    spool.release(cloud)
    assert spool.file(research).read_bytes() == b"data"


def test_the_same_bytes_twice_are_two_instances_in_order(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    kept = [keep(spool, b"same")[0] for _ in range(50)]

    assert list(spool.scan("cloud")) == kept
    assert len({entry.received for entry in kept}) == 50


def test_a_scan_gives_urgent_before_routine(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [routine] = keep(spool, b"routine")
    [urgent] = keep(spool, b"urgent", urgent=True)

    assert list(spool.scan("cloud")) == [urgent, routine]
    assert spool.destinations() == ["cloud"]


def test_a_scan_passes_over_what_is_not_a_spooled_instance(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    folder = spool.file(entry).parent
    (folder / "notes.txt").write_text("mine")
    (folder / ".hidden~4.dcm").write_text("mine")
    (tmp_path / "cloud" / "routine" / "stray").write_text("mine")

    assert list(spool.scan("cloud")) == [entry]
    assert list(spool.scan("nowhere")) == []


def test_release_is_done_once_and_harmless_twice(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")

    spool.release(entry)
    spool.release(entry)

    assert list(spool.scan("cloud")) == []


def test_an_abandoned_reception_leaves_nothing(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    reception = spool.receive()
    reception.write(b"half")

    reception.abandon()
    reception.abandon()

    assert files_below(tmp_path) == set()
    with pytest.raises(SpoolError, match="abandoned"):
        reception.keep(["cloud"])


def test_a_folder_removed_behind_our_back_is_made_again(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [first] = keep(spool, b"first")
    spool.release(first)
    spool.file(first).parent.rmdir()

    [second] = keep(spool, b"second")

    assert list(spool.scan("cloud")) == [second]


def test_names_stay_in_order_when_the_clock_goes_back(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [first] = keep(spool, b"first")
    spool._named_last += 3_600_000_000_000  # as if the clock had been an hour ahead

    later = [keep(spool, b"later")[0] for _ in range(3)]

    assert all(one.name < two.name for one, two in itertools.pairwise([first, *later]))


def test_what_a_dead_process_left_half_written_is_dropped_and_nothing_else(
    tmp_path: Path,
) -> None:
    alive = open_spool(tmp_path)
    reception = alive.receive()
    reception.write(b"still coming")
    incoming = tmp_path / ".incoming"
    (incoming / ".0badcafe-0.part").write_bytes(b"never finished")
    (incoming / ".0badcafe.lock").touch()
    (incoming / "unknown.dcm").write_bytes(b"not ours")

    dropped = Spool(SpoolSettings(path=tmp_path)).open()

    assert dropped == 1
    assert (incoming / "unknown.dcm").read_bytes() == b"not ours"
    assert not (incoming / ".0badcafe.lock").exists()
    [entry] = reception.keep(["cloud"])
    assert alive.file(entry).read_bytes() == b"still coming"


def test_a_closed_spool_leaves_no_lock_behind(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    keep(spool, b"data")

    spool.close()

    assert list((tmp_path / ".incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"%d\n" % (VERSION + 1), "was written by a later version"),
        (b"\xff", "is not the version of a layout"),
    ],
)
def test_a_spool_of_a_later_version_is_refused(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    (tmp_path / ".version").write_bytes(content)

    with pytest.raises(SpoolError, match=complaint):
        Spool(SpoolSettings(path=tmp_path)).open()


def test_a_path_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")

    with pytest.raises(SpoolError, match=r"cannot use the spool .*spool: (File exists|Not a dir)"):
        Spool(SpoolSettings(path=tmp_path / "spool")).open()
