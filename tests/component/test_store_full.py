"""A disk that fills under a receiver: senders keep their images, and nothing half is left."""

from pathlib import Path

import pytest

from shared import segment
from shared.destination import MEBIBYTE
from shared.errors import SpoolFull
from shared.spool import Spool
from shared.spool_sections import SpoolSettings
from tests.support.data_sets import data_set
from tests.support.raw_association import RawAssociation, c_store_rq, p_data
from tests.support.receivers import Announced, receiving
from tests.support.small_disk import mounted_disk, small_disk
from tests.support.spools import content, files_below, open_spool
from tests.support.waiting import wait_until

MANY = 100
LARGE = bytes(50_000)


def test_what_does_not_fit_is_answered_a700_and_the_association_goes_on(tmp_path: Path) -> None:
    announced = Announced()
    with small_disk(tmp_path) as disk:
        spool = open_spool(tmp_path)
        with receiving(spool, announced) as port, RawAssociation(port, timeout=30) as modality:
            modality.associate()
            first = modality.store(data_set(pixels=LARGE)).status
            disk.fill()
            full = [modality.store(data_set(pixels=LARGE)).status for _ in range(3)]
            held = {each.path for each in spool.scan("cloud")}
            left = files_below(tmp_path) - {"ballast"}
            disk.free()
            after = modality.store(data_set(pixels=LARGE)).status

    assert (first, after) == (0x0000, 0x0000)
    assert set(full) == {0xA700}
    assert left == held
    assert len(held) == 1
    assert len(announced) == 2


def test_a_disk_that_fills_by_what_is_received_acknowledges_what_it_holds(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        spool = open_spool(tmp_path)
        with receiving(spool) as port, RawAssociation(port, timeout=30) as modality:
            modality.associate()
            statuses: list[int] = []
            while 0xA700 not in statuses and len(statuses) < MANY:
                if len(statuses) == MANY // 2:
                    disk.fill()  # where it is a stand-in that nothing fills
                statuses.append(modality.store(data_set(pixels=LARGE)).status)
            kept = list(spool.scan("cloud"))
            sizes = {len(content(spool.file(entry))) for entry in kept}

    assert statuses[-1] == 0xA700
    assert len(kept) == statuses.count(0x0000)
    assert sizes == {entry.size for entry in kept}


def test_an_instance_that_outgrows_the_disk_is_refused_when_it_is_complete(tmp_path: Path) -> None:
    data = data_set(pixels=bytes(4_000_000))
    with small_disk(tmp_path) as disk:
        spool = open_spool(tmp_path)
        with receiving(spool) as port, RawAssociation(port, timeout=30) as modality:
            modality.associate()
            disk.fill()
            modality.send(p_data(1, 3, c_store_rq()))
            pieces = [data[at : at + 16_000] for at in range(0, len(data), 16_000)]
            modality.send(*(p_data(1, 0, piece) for piece in pieces[:-1]))
            modality.send(p_data(1, 2, pieces[-1]))

            assert modality.answer().status == 0xA700
            assert modality.echo().status == 0x0000
            assert files_below(tmp_path) <= {"ballast"}


@pytest.mark.skipif(not segment.DIRECT, reason="segments are for Linux")
def test_a_receiver_that_began_on_a_full_disk_keeps_in_segments_once_there_is_room(
    tmp_path: Path,
) -> None:
    with mounted_disk(tmp_path, 16 * MEBIBYTE) as disk:
        spool = Spool(SpoolSettings(path=tmp_path / "spool", soft_reserve=0, hard_reserve=0))
        disk.fill()
        with pytest.raises(SpoolFull):
            spool.open()
        with receiving(spool) as port, RawAssociation(port, timeout=30) as modality:
            modality.associate()
            assert modality.store(data_set()).status == 0xA700
            disk.free()

            def in_a_segment() -> bool:
                before = set(spool.scan("cloud"))
                done = modality.store(data_set()).status == 0x0000
                found = set(spool.scan("cloud")) - before
                assert len(found) == done
                return {spool.file(each).parent.parent.suffix for each in found} == {segment.SUFFIX}

            wait_until(in_a_segment, description="one is kept with others")
            assert in_a_segment()
