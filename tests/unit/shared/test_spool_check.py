"""A check finds what is wrong in a spool, and its repairs lose nothing."""

import os
from pathlib import Path

import pytest

from receiver.part10 import file_meta
from shared.entry import Entry
from shared.spool import Spool
from shared.spool_check import Finding, Kind, check, repair
from shared.spool_sections import SpoolSettings
from tests.support.spools import keep, open_spool

PART10 = file_meta("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "1.2.840.10008.1.2.1") + b"data set"
LONG_AGO = 10**18  # nanoseconds since 1970


def aged(spool: Spool, entry: Entry, number: int = 0) -> Entry:
    """The same instance, as if it had been received years ago."""
    file = spool.file(entry)
    old = file.rename(file.with_name(f"{LONG_AGO + number:016x}{file.name[16:]}"))
    return Entry.at(str(old.relative_to(spool.root)))


def kinds(findings: list[Finding]) -> list[tuple[Kind, str]]:
    return sorted((each.kind, each.path) for each in findings)


def test_a_sound_spool_has_no_findings(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    kept = [keep(spool, PART10, urgent=urgent)[0] for urgent in (True, False)]
    spool.quarantine(keep(spool, PART10)[0], {})
    spool.release(keep(spool, PART10)[0])
    spool.receive()

    assert list(check(spool, ["cloud"], {each.path for each in kept}, deep=True)) == []


def test_a_file_of_another_size_goes_to_quarantine(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, PART10)
    os.truncate(spool.file(entry), 200)

    [finding] = check(spool, ["cloud"])

    assert (finding.kind, finding.entry) == (Kind.TRUNCATED, entry)
    assert finding.detail == f"200 bytes instead of {len(PART10)}"
    assert repair(spool, finding) == "set aside in quarantine"
    [item] = spool.quarantined()
    assert item.record["reason"] == "truncated"
    assert list(check(spool, ["cloud"])) == []


def test_a_file_that_is_no_part_10_file_goes_to_quarantine(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, bytes(400))

    [finding] = check(spool, ["cloud"])

    assert finding == Finding(Kind.UNREADABLE, entry.path, "no Part 10 file", entry)
    assert repair(spool, finding)
    assert len(list(spool.quarantined())) == 1


def test_a_folder_in_place_of_a_file_is_unreadable(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, PART10)
    spool.file(entry).unlink()
    spool.file(entry).mkdir()

    [finding] = check(spool, ["cloud"])

    assert finding.kind is Kind.UNREADABLE


def test_an_instance_for_nobody_moves_only_where_it_is_told(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, PART10, ["former"], urgent=True)

    [finding] = check(spool, ["cloud"])

    assert (finding.kind, finding.entry) == (Kind.ORPHAN, entry)
    assert repair(spool, finding) == ""
    assert repair(spool, finding, orphans_to="cloud") == "moved to cloud"
    [moved] = spool.scan("cloud")
    assert (moved.name, moved.urgent) == (entry.name, True)
    with pytest.raises(FileNotFoundError):
        repair(spool, finding, orphans_to="cloud")


def test_what_the_index_lacks_and_what_it_has_too_much_of(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    old, other = (aged(spool, keep(spool, PART10)[0], number) for number in range(2))
    keep(spool, PART10)  # just received: may still be announced
    [gone] = keep(spool, PART10)
    spool.release(gone)

    found = list(check(spool, ["cloud"], {other.path, gone.path}))

    assert kinds(found) == [(Kind.GONE, gone.path), (Kind.UNINDEXED, old.path)]
    assert [repair(spool, each) for each in found] == ["", ""]


def test_nothing_is_said_about_an_index_that_could_not_be_asked(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    aged(spool, keep(spool, PART10)[0])

    assert list(check(spool, ["cloud"], None)) == []


def test_what_is_not_ours_is_named_and_left_alone(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    folder = spool.file(keep(spool, PART10)[0]).parent
    strays = [
        tmp_path / "lost+found.txt",
        tmp_path / ".hidden",
        tmp_path / "cloud" / "notes.txt",
        tmp_path / "cloud" / "routine" / "notes.txt",
        folder / "notes.txt",
        folder / ".half~4.dcm",
    ]
    for each in strays:
        each.write_text("mine")

    found = list(check(spool, ["cloud"]))

    expected = sorted((Kind.STRAY, str(each.relative_to(tmp_path))) for each in strays)
    assert kinds(found) == expected
    assert all(repair(spool, each, orphans_to="cloud") == "" for each in found)
    assert all(each.read_text() == "mine" for each in strays)


def test_a_copy_whose_maker_was_killed_is_removed_and_one_under_way_is_not(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [kept, refused] = (keep(spool, PART10)[0] for _ in range(2))
    spool.quarantine(refused, {})
    folders = spool.file(kept).parent, tmp_path / ".quarantine" / "cloud"
    dead = [each / ".0123abcd.part" for each in folders]
    alive = [each / ".4567cdef.part" for each in folders]
    for each in (*dead, *alive):
        each.write_bytes(PART10)
    for each in dead:
        os.utime(each, (0, 0))

    found = list(check(spool, ["cloud"]))

    assert kinds(found) == [
        (Kind.CUT_SHORT, str(each.relative_to(tmp_path))) for each in reversed(dead)
    ]
    assert [repair(spool, each) for each in found] == ["removed", "removed"]
    assert [each.exists() for each in (*dead, *alive)] == [False, False, True, True]
    assert list(spool.scan("cloud")) == [kept]


def test_a_record_whose_instance_is_gone_is_removed(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, PART10)
    spool.quarantine(entry, {})
    (tmp_path / f".quarantine/cloud/{entry.name}.dcm").unlink()

    [finding] = check(spool, ["cloud"])

    assert finding.kind is Kind.RECORD_ALONE
    assert repair(spool, finding) == "removed"
    assert list(check(spool, ["cloud"])) == []


def test_a_record_that_is_alone_no_more_stays(tmp_path: Path) -> None:
    """An uploader was just setting the instance aside."""
    spool = open_spool(tmp_path)
    [entry] = keep(spool, PART10)
    finding = Finding(Kind.RECORD_ALONE, f".quarantine/cloud/{entry.name}.json")
    spool.quarantine(entry, {"attempts": 3})

    assert repair(spool, finding) == "not alone any more"

    [item] = spool.quarantined()
    assert item.record["attempts"] == 3


def test_an_orphan_moved_to_a_destination_that_had_it_leaves_the_spool_as_any_other(
    tmp_path: Path,
) -> None:
    """Both are names of one file, and a rename of one to the other does nothing."""
    settings = SpoolSettings(path=tmp_path, soft_reserve=0, hard_reserve=0, keep_delivered=3600)
    spool = Spool(settings)
    spool.open()
    for leave in (spool.release, lambda entry: spool.quarantine(entry, {})):
        own, orphan = keep(spool, PART10, ["cloud", "closed"])
        finding = Finding(Kind.ORPHAN, orphan.path, entry=orphan)
        folder = spool.file(own).parent
        folder = folder.rename(folder.with_name("20250101000000"))  # moved to another one
        [own] = spool.scan("cloud")
        assert repair(spool, finding, orphans_to="cloud") == "moved to cloud"
        [moved] = (each for each in spool.scan("cloud") if each != own)

        leave(own)
        leave(moved)

        assert list(spool.scan("cloud")) == []
