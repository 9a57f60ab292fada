"""What is set aside can be listed, put back and dropped, and says why it is there."""

from pathlib import Path
from threading import Event, Thread

import pytest

from tests.support.spools import files_below, keep, open_spool
from tests.support.waiting import wait_until

WHY = {"http_status": 409, "attempts": 5}


def test_a_quarantined_instance_leaves_the_spool_and_keeps_its_reason(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")

    spool.quarantine(entry, WHY)

    assert list(spool.scan("cloud")) == []
    [item] = spool.quarantined()
    assert (item.destination, item.name, item.size) == ("cloud", entry.name, 4)
    assert item.record["http_status"] == 409
    assert files_below(tmp_path) == {
        f".quarantine/cloud/{entry.name}.dcm",
        f".quarantine/cloud/{entry.name}.json",
    }


@pytest.mark.parametrize("urgent", [True, False])
def test_a_requeued_instance_is_what_it_was(tmp_path: Path, *, urgent: bool) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data", urgent=urgent)
    spool.quarantine(entry, WHY)
    [item] = spool.quarantined("cloud")

    back = spool.requeue(item)

    assert (back.name, back.urgent, back.received) == (entry.name, urgent, entry.received)
    assert list(spool.scan("cloud")) == [back]
    assert spool.file(back).read_bytes() == b"data"
    assert files_below(tmp_path) == {back.path}


def test_a_dropped_instance_is_gone_with_its_record(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, WHY)

    for item in spool.quarantined():
        assert spool.drop(item)
        assert not spool.drop(item)

    assert files_below(tmp_path) == set()


def test_an_instance_that_is_gone_is_not_quarantined(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    spool.release(entry)

    with pytest.raises(FileNotFoundError):
        spool.quarantine(entry, WHY)

    assert files_below(tmp_path) == set()


def test_an_item_that_is_gone_is_not_requeued(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, WHY)
    [item] = spool.quarantined()
    spool.drop(item)

    with pytest.raises(FileNotFoundError):
        spool.requeue(item)


def test_destinations_are_listed_apart_and_oldest_first(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    cloud = [keep(spool, b"data")[0] for _ in range(3)]
    [research] = keep(spool, b"data", ["research"])
    for entry in [*reversed(cloud), research]:
        spool.quarantine(entry, WHY)

    assert [item.name for item in spool.quarantined("cloud")] == [each.name for each in cloud]
    assert [item.name for item in spool.quarantined("research")] == [research.name]
    assert len(list(spool.quarantined())) == 4
    assert list(spool.quarantined("../cloud")) == []


def test_a_record_that_cannot_be_read_hides_no_instance(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, WHY)
    (tmp_path / f".quarantine/cloud/{entry.name}.json").write_bytes(b"\xff{")

    [item] = spool.quarantined()

    assert item.record == {}
    assert spool.requeue(item).destination == "cloud"


def test_a_record_that_cannot_be_written_keeps_no_poison_in_the_spool(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    (tmp_path / f".quarantine/cloud/{entry.name}.json").mkdir(parents=True)

    spool.quarantine(entry, WHY)

    assert list(spool.scan("cloud")) == []
    assert len(list(spool.quarantined())) == 1


def test_whoever_comes_second_leaves_the_record_of_the_first(tmp_path: Path) -> None:
    """Two workers whose lease crossed, or one and `spool check --repair`."""
    spool = open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, WHY)

    with pytest.raises(FileNotFoundError):
        spool.quarantine(entry, {**WHY, "attempts": 1})

    [item] = spool.quarantined()
    assert item.record["http_status"] == 409


def test_what_is_put_back_and_set_aside_at_once_keeps_its_new_record(tmp_path: Path) -> None:
    """Beside an uploader that looks through the spool all the time, and refuses all it finds."""
    spool, uploader = open_spool(tmp_path), open_spool(tmp_path)
    [entry] = keep(spool, b"data")
    spool.quarantine(entry, WHY)
    ended = Event()

    def refuse() -> None:
        while not ended.is_set():
            for found in uploader.scan("cloud"):
                uploader.quarantine(found, {"again": True})

    refusing = Thread(target=refuse)
    refusing.start()
    try:
        for _ in range(200):
            wait_until(lambda: any(spool.quarantined()), 10, "it to be set aside")
            [item] = spool.quarantined()
            assert item.record
            spool.requeue(item)
    finally:
        ended.set()
        refusing.join()
