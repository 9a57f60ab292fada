"""An instance in a segment is opened, moved and removed like one in a file, and no other is."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import pytest

from receiver.part10 import file_meta
from shared import kept, removal
from shared.dicomweb.multipart import Part, PartChanged
from shared.entry import Entry
from shared.errors import SpoolError
from shared.record import BLOCK, Damaged
from shared.sender import Sender
from shared.spool_check import Kind, check, repair
from tests.support.segmented import damage, gathering
from tests.support.spools import files_below

PART10 = file_meta("1.2.840.10008.5.1.4.1.1.4", "1.2.3", "1.2.840.10008.1.2.1") + b"data set"


def read(path: Path) -> bytes:
    with kept.stream(path) as stream:
        return stream.read()


def moved(entry: Entry, *, by: int = 0, name: str = "") -> Entry:
    """The path of something that is not there."""
    segment, offset, last = entry.path.rsplit("/", 2)
    return Entry.at(f"{segment}/{int(offset, 16) + by:08x}/{name or last}")


def test_an_instance_is_read_like_a_file(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entries = [own.keep(bytes([each]) * 5000) for each in range(3)]
        path = own.spool.file(entries[1])

        assert read(path) == b"\1" * 5000
        assert (kept.size(path), kept.exists(path)) == (5000, True)
        with kept.opened(path) as opened:
            assert opened.read(10_000, 4990) == b"\1" * 10
            assert opened.read(1, 5000) == b""
        with kept.stream(path) as stream:
            assert stream.seek(-1, os.SEEK_END) == 4999
            assert stream.read() == b"\1"
        assert kept.container(path) == own.segment(entries[1])
        assert kept.folder(path).is_dir()


@pytest.mark.parametrize(
    ("forged", "error"),
    [
        ({"by": BLOCK}, Damaged),
        ({"by": 1}, FileNotFoundError),
        ({"name": "0" * 24 + "~5000.dcm"}, FileNotFoundError),
    ],
)
def test_a_forged_path_leads_to_no_instance(
    forged: dict[str, object], error: type[OSError], tmp_path: Path
) -> None:
    with gathering(tmp_path) as own:
        entries = [own.keep(bytes([each + 1]) * 5000) for each in range(3)]
        path = own.spool.file(moved(entries[1], **forged))  # type: ignore[arg-type]

        for act in (read, kept.size):
            with pytest.raises(error):
                act(path)
        with pytest.raises(error):
            removal.move(path, tmp_path / "away")
        with suppress(Damaged):
            removal.remove(path)
        assert not (tmp_path / "away").exists()
        assert list(own.spool.scan("cloud")) == entries


def test_a_forged_path_takes_no_more_room_in_quarantine_than_an_instance(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(b"x" * 9000)
        for size in (6000, 1 << 21, (1 << 63) - 1):
            forged = moved(entry, name=f"{'0' * 24}~{size}.dcm")
            with pytest.raises(FileNotFoundError):
                own.spool.quarantine(forged, {})
        for size in (6000, 1 << 21):  # where there is no head
            forged = moved(entry, by=BLOCK, name=f"{'0' * 24}~{size}.dcm")
            with suppress(FileNotFoundError):
                own.spool.quarantine(forged, {})

        assert [each.size for each in own.spool.quarantined()] == [6000]
        assert read(own.spool.file(entry)) == b"x" * 9000


def test_a_path_beyond_the_end_is_gone(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(b"only")
        path = own.spool.file(moved(entry, by=16 * BLOCK))

        removal.remove(path)

        assert not kept.exists(path)
        assert list(own.spool.scan("cloud")) == [entry]


def test_a_path_that_names_no_offset_is_not_there(tmp_path: Path) -> None:
    """What comes back from Redis may be anything."""
    with gathering(tmp_path) as own:
        entry = own.keep(PART10)
        segment = entry.path.rsplit("/", 2)[0]
        forged = f"{segment}/offset/{entry.name}.dcm"

        [found] = check(own.spool, ["cloud"], {entry.path, forged})

        assert (found.kind, found.path) == (Kind.GONE, forged)


def test_what_is_removed_while_it_is_read_does_not_become_zeros(tmp_path: Path) -> None:
    """An uploader whose lease has ended still sends what another one has delivered."""
    with gathering(tmp_path) as own:
        entry, other = own.keep(b"\1" * 900_000), own.keep(b"other")
        path = own.spool.file(entry)
        with kept.opened(path) as opened:
            assert opened.read(10, 0) == b"\1" * 10
            own.spool.release(entry)

            with pytest.raises(FileNotFoundError):
                opened.read(10, 100_000)
            with pytest.raises(FileNotFoundError):
                opened.read(100_000, 100_000)
        assert list(own.spool.scan("cloud")) == [other]


def test_a_part_that_is_removed_while_it_is_sent_is_no_part_of_zeros(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry, _ = own.keep(b"\1" * 900_000), own.keep(b"other")
        path = own.spool.file(entry)

        small = Part(path, entry.size)
        assert b"".join(small.chunks()) == b"\1" * 900_000
        with kept.opened(path) as opened:
            own.spool.release(entry)
            with pytest.raises(PartChanged):
                list(small._read(opened.read))
        with pytest.raises(PartChanged):
            list(small.chunks())


def test_a_copy_of_what_is_removed_meanwhile_is_none(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry, _ = own.keep(b"\1" * 900_000), own.keep(b"other")
        path = own.spool.file(entry)
        with kept.opened(path) as opened:
            removal.remove(path)
            with pytest.raises(FileNotFoundError):
                removal.copy(opened, tmp_path / "copy")

    assert not list(tmp_path.glob("*copy*"))
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("keep_delivered", [0, 3600])
def test_a_released_instance_is_in_the_ledger_with_its_digest(
    keep_delivered: int, tmp_path: Path
) -> None:
    with gathering(tmp_path, keep_delivered=keep_delivered) as own:
        entry, other = own.keep(PART10), own.keep(b"other")

        own.spool.release(entry)
        own.spool.release(entry)

        [line] = own.spool.ledger()
        assert line["sha256"] == hashlib.sha256(PART10).hexdigest()
        assert (line["sop_instance_uid"], line["size"]) == ("1.2.3", len(PART10))
        assert list(own.spool.scan("cloud")) == [other]
        found = list((tmp_path / ".delivered").glob("cloud/*/*.dcm"))
        assert [each.read_bytes() for each in found] == [PART10] * bool(keep_delivered)


def test_quarantine_and_back_keep_bytes_and_name(tmp_path: Path) -> None:
    sender = Sender("ANY", "CT 1", "CT")
    with gathering(tmp_path) as own:
        entry = own.keep(PART10, urgent=True, sender=sender)
        own.spool.quarantine(entry, {"http_status": 409})
        with pytest.raises(FileNotFoundError):
            own.spool.quarantine(entry, {"http_status": 409})

        [item] = own.spool.quarantined()
        back = own.spool.requeue(item)

        assert (back.name, back.urgent, back.sender) == (entry.name, True, sender)
        assert read(own.spool.file(back)) == PART10
        assert list(own.spool.scan("cloud")) == [back]
        assert list(own.spool.quarantined()) == []


def test_another_destination_gets_it_instead(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(PART10)

        there = own.spool.move(entry, "other")

        assert read(own.spool.file(there)) == PART10
        assert list(own.spool.scan("cloud")) == []
        assert list(own.spool.scan("other")) == [there]
        with pytest.raises(FileNotFoundError):
            own.spool.move(entry, "other")


def test_a_segment_goes_with_its_last_instance_once_nobody_appends(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entries = [own.keep(b"each") for _ in range(3)]
        segment = own.segment(entries[0])
        own.spool.release(entries[0])
        own.spool.release(entries[1])
        own.spool.tidy()
        assert segment.exists()
    assert segment.exists(), "it holds one"
    own.spool.release(entries[2])
    assert not segment.exists()


def test_an_empty_one_goes_when_its_receiver_ends(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        entry = own.keep(b"each")
        own.spool.release(entry)
        assert own.segment(entry).exists(), "it is appended to"
    assert files_below(tmp_path) == set()


def test_a_check_tells_of_damage_and_sets_aside_what_is_no_part_10_file(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        sound, damaged, odd, orphan = (
            own.keep(PART10),
            own.keep(PART10),
            own.keep(bytes(400)),
            own.keep(PART10, to="former"),
        )
        damage(own, damaged)

        found = {each.path: each for each in check(own.spool, ["cloud"], deep=True)}

        where = damaged.path.rpartition("/")[0]
        kinds = {path: each.kind for path, each in found.items()}
        assert kinds == {
            where: Kind.DAMAGED,
            odd.path: Kind.UNREADABLE,
            orphan.path: Kind.ORPHAN,
        }
        with pytest.raises(SpoolError, match="is still written to"):
            repair(own.spool, found[where])
        assert repair(own.spool, found[odd.path]) == "set aside in quarantine"
        assert repair(own.spool, found[orphan.path], orphans_to="cloud") == "moved to cloud"
        names = {each.name for each in own.spool.scan("cloud")}
        assert names == {sound.name, orphan.name}


def test_what_only_has_the_name_of_a_segment_hides_nothing(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        first = own.keep(PART10)
        parent = own.segment(first).parent
        (parent / "20260101000000-00000000.seg").mkdir()
        os.mkfifo(parent / "20260101000001-00000000.seg")
        (parent / "20260101000002-00000000.seg").symlink_to("/dev/zero")

        assert list(own.spool.scan("cloud")) == [first]
        assert {each.kind for each in check(own.spool, ["cloud"])} == {Kind.STRAY}


def test_a_scan_goes_urgent_first_and_by_time(tmp_path: Path) -> None:
    with gathering(tmp_path) as own:
        routine = [own.keep(b"each") for _ in range(5)]
        urgent = [own.keep(b"each", urgent=True) for _ in range(5)]

        assert list(own.spool.scan("cloud")) == urgent + routine
