"""What the load generator sends is what pydicom and pynetdicom take it for."""

import io

import pytest
from pydicom import dcmread
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.pdu import P_DATA_TF

from bench.instances import CT, KINDS, MR, SMALL, Kind, uids
from bench.store_message import StoreMessages


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_an_instance_is_a_valid_file_of_its_kind(kind: Kind) -> None:
    study = uids()

    data_set = dcmread(io.BytesIO(kind.file(study)))

    assert data_set.SOPClassUID == kind.sop_class
    assert data_set.SOPInstanceUID == data_set.file_meta.MediaStorageSOPInstanceUID
    assert data_set.StudyInstanceUID == study.study.decode()
    assert len(data_set.PixelData) == 2 * kind.rows * kind.columns
    assert max(data_set.PixelData[1::2]) <= 0x0F


def test_sizes_are_those_that_the_targets_name() -> None:
    assert CT.size == pytest.approx(525_000, rel=0.01)
    assert MR.size == pytest.approx(132_000, rel=0.01)
    assert SMALL.size == pytest.approx(16_300, rel=0.01)


def test_no_two_instances_share_a_uid() -> None:
    first, second = uids(), uids()

    made = [study.instance() for study in (first, second) for _ in range(100)]

    assert len(set(made)) == len(made)
    assert {len(uid) for uid in made} == {44}


@pytest.mark.parametrize("max_pdu", [4096, 16384, 131072])
def test_a_message_is_a_request_in_pdus_that_the_peer_takes(max_pdu: int) -> None:
    messages = StoreMessages(MR, uids(), context=5, max_pdu=max_pdu)

    uid, head = messages.next()

    request = decoded(head + messages.tail, max_pdu)
    assert request.command_set.AffectedSOPInstanceUID == uid.decode()
    data_set = request.data_set.getvalue() if request.data_set else b""
    assert len(data_set) == MR.size
    assert uid in data_set


def decoded(stream: bytes, max_pdu: int) -> C_STORE_RQ:
    request, position = C_STORE_RQ(), 0
    while position < len(stream):
        length = int.from_bytes(stream[position + 2 : position + 6], "big")
        assert length <= max_pdu
        pdu = P_DATA_TF()
        pdu.decode(stream[position : position + 6 + length])
        primitive = pdu.to_primitive()
        complete = request.decode_msg(primitive)
        position += 6 + length
        assert complete == (position == len(stream))
    return request
