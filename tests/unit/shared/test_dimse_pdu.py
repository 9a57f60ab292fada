"""Messages as PDUs of no more than the length the peer takes."""

import struct

import pytest
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, P_DATA_TF

from shared.dimse import pdu


def split(data: bytes) -> list[bytes]:
    found = []
    while data:
        length = 6 + struct.unpack(">I", data[2:6])[0]
        found.append(data[:length])
        data = data[length:]
    return found


@pytest.mark.parametrize("max_length", [0, 22, 64, 128, 150, 16384, 131072])
@pytest.mark.parametrize("size", [0, 1, 143, 144, 145, 16378, 16379, 100_000])
def test_no_pdu_is_longer_than_the_peer_takes(max_length: int, size: int) -> None:
    command, data = bytes(200), bytes(range(256)) * (size // 256) + bytes(size % 256)

    pdus = split(pdu.message(3, command, data, max_length))

    assert max(map(len, pdus)) - 6 <= (max_length or 16384)
    values = {1: b"", 0: b""}
    for each in pdus:
        decoded = P_DATA_TF()
        decoded.decode(each)
        [item] = decoded.presentation_data_value_items
        assert item.presentation_context_id == 3
        control, *value = item.presentation_data_value or b""
        values[control & 1] += bytes(value)
    assert values == {1: command, 0: data}
    assert [each[11] for each in pdus if each[11] & 2] == [3, 2]


def test_a_status_alone_is_one_pdu() -> None:
    assert len(split(pdu.message(1, bytes(100), None, 16384))) == 1


def test_a_limit_that_is_nonsense_does_not_hang_us() -> None:
    assert len(split(pdu.message(1, bytes(100), bytes(1000), 1))) == 70


def test_pynetdicom_reads_our_aborts_and_rejections() -> None:
    aborted, rejected = A_ABORT_RQ(), A_ASSOCIATE_RJ()
    aborted.decode(pdu.abort(pdu.SERVICE_PROVIDER, pdu.UNEXPECTED_PDU))
    rejected.decode(pdu.reject(2, 3, 1))

    assert (aborted.source, aborted.reason_diagnostic) == (2, 2)
    assert (rejected.result, rejected.source, rejected.reason_diagnostic) == (2, 3, 1)
