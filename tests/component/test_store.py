"""C-STORE: what is answered, and what is then on disk (PS3.4 Annex B)."""

import io
import struct
from pathlib import Path
from typing import Literal

import pytest
from pydicom import dcmread

from shared.route_sections import Route
from shared.spool import Spool
from shared.spool_sections import SpoolSettings
from tests.support.data_sets import CT, INSTANCE, STUDY, data_set
from tests.support.raw_association import (
    EXPLICIT,
    IMPLICIT,
    Asking,
    RawAssociation,
    c_store_rq,
    fragments,
    p_data,
)
from tests.support.receivers import Announced, receiving
from tests.support.spools import content, files_below, open_spool
from tests.support.waiting import wait_until

LONG_UID = "1." + "2" * 63  # 65 characters; PS3.5 9.1 allows 64


def comment(answer: dict[int, bytes]) -> str:
    return answer.get(0x0902, b"").decode("ascii").strip()


def test_success_means_the_instance_is_on_disk_and_announced(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    announced = Announced()

    with receiving(spool, announced) as port, RawAssociation(port) as modality:
        modality.associate()
        answer = modality.store(data_set(pixels=b"pixels"))

        assert answer.status == 0x0000
        [entry] = spool.scan("cloud")
    assert announced == [entry]
    kept = content(spool.file(entry))
    assert kept.endswith(data_set(pixels=b"pixels"))
    assert dcmread(io.BytesIO(content(spool.file(entry)))).SOPInstanceUID == INSTANCE


def test_success_without_syncs_means_the_instance_is_in_the_spool_too(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, sync=False)

    with receiving(spool, sync=False) as port, RawAssociation(port) as modality:
        modality.associate()

        assert modality.store(data_set()).status == 0x0000
        assert len(list(spool.scan("cloud"))) == 1


def test_a_data_set_in_single_bytes_is_kept_whole(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    data = data_set(pixels=bytes(100))

    with receiving(spool) as port, RawAssociation(port) as modality:
        modality.associate()
        modality.send(p_data(1, 3, c_store_rq()))
        modality.send(*(p_data(1, 0, data[at : at + 1]) for at in range(len(data) - 1)))
        modality.send(p_data(1, 2, data[-1:]))

        assert modality.answer().status == 0x0000
    [entry] = spool.scan("cloud")
    assert content(spool.file(entry)).endswith(data)


# What is wrong with it: request's instance and class, data set, status when strict and when lenient
IRREGULAR = [
    (INSTANCE, CT, data_set(instance="1.9"), 0xA900, 0x0000),
    (INSTANCE, CT, data_set(sop_class="1.2.840.10008.5.1.4.1.1.4"), 0xA900, 0x0000),
    (INSTANCE, CT, data_set(sop_class=None), 0xA900, 0x0000),
    (INSTANCE, "1.2.840.10008.5.1.4.1.1.4", data_set(), 0xA900, 0x0000),
    (INSTANCE, CT, data_set(study=None), 0xC000, 0x0000),
    (INSTANCE, CT, data_set(study=""), 0xC000, 0x0000),
    (INSTANCE, CT, data_set()[:50], 0xC000, 0x0000),
    (INSTANCE, CT, b"no data set at all", 0xC000, 0x0000),
    (INSTANCE, CT, b"", 0xC000, 0xC000),
    ("", CT, data_set(), 0x0117, 0x0000),
    (LONG_UID, CT, data_set(), 0x0117, 0x0000),
    (LONG_UID, CT, data_set(instance=LONG_UID), 0x0117, 0x0117),
    ("", CT, data_set(instance=None), 0x0117, 0x0117),
    ("", CT, data_set(instance=""), 0x0117, 0x0117),
    ("1.2.A", CT, data_set(instance="1.2.A"), 0x0117, 0x0000),
]


@pytest.mark.parametrize("validation", ["strict", "lenient"])
@pytest.mark.parametrize(("instance", "sop_class", "data", "strict", "lenient"), IRREGULAR)
def test_an_irregular_instance_is_refused_if_strict_and_kept_if_lenient(
    tmp_path: Path,
    instance: str,
    sop_class: str,
    data: bytes,
    strict: int,
    lenient: int,
    validation: Literal["strict", "lenient"],
) -> None:
    spool = open_spool(tmp_path)

    with receiving(spool, validation=validation) as port, RawAssociation(port) as modality:
        modality.associate()
        answer = modality.store(data, rq=c_store_rq(instance.encode(), sop_class.encode()))

        expected = strict if validation == "strict" else lenient
        assert f"{answer.status:04X}" == f"{expected:04X}"
        assert len(list(spool.scan("cloud"))) == (expected == 0)
        assert len(files_below(tmp_path)) == (expected == 0)
        # and the association goes on
        assert modality.store(data_set()).status == 0x0000


def in_implicit_vr(data: bytes) -> bytes:
    """That data set, without VRs. Of short elements, and one long one."""
    found, at = b"", 0
    while at < len(data):
        long = data[at + 4 : at + 6] == b"OW"
        [length] = struct.unpack_from("<I" if long else "<H", data, at + (8 if long else 6))
        begin = at + (12 if long else 8)
        found += data[at : at + 4] + struct.pack("<I", length) + data[begin : begin + length]
        at = begin + length
    return found


JPEG = "1.2.840.10008.1.2.4.50"
AS_IMPLICIT = in_implicit_vr(data_set(pixels=b"pixels"))
AS_EXPLICIT = data_set(pixels=b"pixels")
# A sequence whose length reads as a VR, DA, and whose bytes as elements up to Study Instance UID.
HIDDEN = data_set(instance="9.9.9").ljust(0x4144, b"\0")
DISGUISED = struct.pack("<HHI", 0x0008, 0x0006, len(HIDDEN)) + HIDDEN + AS_IMPLICIT


@pytest.mark.parametrize(
    ("agreed", "data", "told"),
    [
        (IMPLICIT, AS_EXPLICIT, EXPLICIT),
        (EXPLICIT, AS_IMPLICIT, IMPLICIT),
        (IMPLICIT, AS_IMPLICIT, IMPLICIT),
        (EXPLICIT, AS_EXPLICIT, EXPLICIT),
        (JPEG, AS_IMPLICIT, JPEG),  # how its pixels are compressed it alone can say
        (EXPLICIT, b"no data set", EXPLICIT),
        (EXPLICIT, in_implicit_vr(data_set(instance="")), EXPLICIT),
        (EXPLICIT, in_implicit_vr(data_set(instance="1.9")), EXPLICIT),  # of another instance
        (IMPLICIT, DISGUISED, IMPLICIT),
    ],
)
def test_the_file_says_what_transfer_syntax_the_data_set_is_in(
    tmp_path: Path, agreed: str, data: bytes, told: str
) -> None:
    spool = open_spool(tmp_path)

    with receiving(spool) as port, RawAssociation(port) as modality:
        modality.associate(Asking(contexts=((1, CT, (agreed,)),)))
        assert modality.store(data).status == 0

    [entry] = spool.scan("cloud")
    kept = content(spool.file(entry))
    assert kept.endswith(data)
    meta = io.BytesIO(kept.removesuffix(data))
    assert dcmread(meta).file_meta.TransferSyntaxUID == told


def test_what_the_file_says_is_enough_to_read_it(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)

    for agreed, data in ((IMPLICIT, AS_EXPLICIT), (EXPLICIT, AS_IMPLICIT)):
        with receiving(spool) as port, RawAssociation(port) as modality:
            modality.associate(Asking(contexts=((1, CT, (agreed,)),)))
            assert modality.store(data).status == 0

    for entry in spool.scan("cloud"):
        found = dcmread(io.BytesIO(content(spool.file(entry))))
        assert (found.SOPInstanceUID, found.Rows, found.PixelData) == (INSTANCE, 1, b"pixels")


def test_a_comment_fits_and_names_nobody(tmp_path: Path) -> None:
    with receiving(open_spool(tmp_path), validation="strict") as port:
        for instance, sop_class, data, _, _ in IRREGULAR:
            with RawAssociation(port) as modality:
                modality.associate()
                rq = c_store_rq(instance.encode(), sop_class.encode())
                said = comment(modality.store(data, rq=rq).elements)

            assert 0 < len(said) <= 64
            assert STUDY not in said
            assert INSTANCE not in said


def test_the_data_set_names_the_instance_where_the_command_does_not(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)

    with receiving(spool) as port, RawAssociation(port) as modality:
        modality.associate()
        modality.store(data_set(instance="1.9"), rq=c_store_rq(b"1.8"))
        modality.store(data_set(instance=None), rq=c_store_rq(b"1.7"))

    metas = [
        dcmread(io.BytesIO(content(spool.file(entry)))).file_meta for entry in spool.scan("cloud")
    ]
    assert [each.MediaStorageSOPInstanceUID for each in metas] == ["1.9", "1.7"]


def test_two_different_copies_of_an_instance_are_both_kept_in_order(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)

    with receiving(spool) as port, RawAssociation(port) as modality:
        modality.associate()
        statuses = [modality.store(data_set(pixels=each)).status for each in (b"one!", b"two!")]

    assert statuses == [0, 0]
    kept = [content(spool.file(entry))[-4:] for entry in spool.scan("cloud")]
    assert kept == [b"one!", b"two!"]


@pytest.mark.parametrize(("priority", "urgent"), [(0, False), (1, True), (2, False)])
def test_a_high_priority_makes_it_urgent(tmp_path: Path, priority: int, *, urgent: bool) -> None:
    spool = open_spool(tmp_path)

    with receiving(spool) as port, RawAssociation(port) as modality:
        modality.associate()
        modality.store(data_set(), rq=c_store_rq(priority=priority))

    [entry] = spool.scan("cloud")
    assert entry.urgent is urgent


def test_a_route_sends_it_to_each_of_its_destinations(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    announced = Announced()
    route = Route(called_ae="CT*", upload_to=("cloud", "research"), urgent=True)
    receiver = receiving(
        spool, announced, routes=[route], destinations=["other", "cloud", "research"]
    )

    with receiver as port, RawAssociation(port) as modality:
        modality.associate(Asking(called=b"CT-ROOM-1"))
        modality.store(data_set())

    assert [each.destination for each in announced] == ["cloud", "research"]
    assert all(each.urgent for each in announced)
    assert spool.destinations() == ["cloud", "research"]


def test_without_an_upload_destination_storage_is_refused_at_negotiation(tmp_path: Path) -> None:
    with (
        receiving(open_spool(tmp_path), destinations=[]) as port,
        RawAssociation(port) as modality,
    ):
        [(result, _)] = modality.associate().results.values()

    assert result == 3  # PS3.8 Table 9-18: abstract syntax not supported


def test_a_private_sop_class_is_taken_and_a_query_is_not(tmp_path: Path) -> None:
    contexts = [
        (1, "1.3.12.2.1107.5.9.1", [EXPLICIT]),
        (3, "1.2.840.10008.5.1.4.1.2.2.1", [EXPLICIT]),
    ]
    with receiving(open_spool(tmp_path)) as port, RawAssociation(port) as modality:
        accepted = modality.associate(Asking(contexts=contexts))

    assert {number: result for number, (result, _) in accepted.results.items()} == {1: 0, 3: 3}


def test_a_broken_association_leaves_no_partial_file(tmp_path: Path) -> None:
    begun = fragments(data_set(pixels=bytes(2_000_000)), complete=False)  # too large for a segment
    with receiving(open_spool(tmp_path)) as port:
        with RawAssociation(port) as modality:
            modality.associate()
            modality.send(p_data(1, 3, c_store_rq()), *begun)
            wait_until(lambda: files_below(tmp_path), description="a partial file")

        wait_until(lambda: not files_below(tmp_path), description="the partial file is gone")


def test_a_full_spool_sends_the_modality_away_with_its_images(tmp_path: Path) -> None:
    open_spool(tmp_path)
    spool = Spool(SpoolSettings(path=tmp_path, hard_reserve=2**62))  # no disk has so much

    with receiving(spool) as port, RawAssociation(port) as modality:
        modality.associate()
        answer = modality.store(data_set())

        assert answer.status == 0xA700
        assert comment(answer.elements) == "the spool is full"
        assert modality.echo().status == 0x0000
    assert files_below(tmp_path) == set()
