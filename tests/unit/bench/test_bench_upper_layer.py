"""The encodings of the load generators against pynetdicom's."""

import io
import struct

from pydicom import dcmread
from pydicom.filereader import read_dataset
from pynetdicom.pdu import A_ASSOCIATE_RQ

from bench import upper_layer as ul
from bench.find_load import pdvs, query
from bench.find_load import status as find_status
from bench.instances import SMALL
from bench.load import many_contexts
from bench.null_scp import associate_ac, success
from bench.worklist_items import accession, identifier, worklist_file


def test_an_association_request_is_one_to_pynetdicom() -> None:
    request = A_ASSOCIATE_RQ()

    request.decode(ul.associate_rq("CALLED", "CALLING", many_contexts(SMALL)))

    assert request.called_ae_title.strip() == "CALLED"
    assert request.calling_ae_title.strip() == "CALLING"
    assert len(request.presentation_context) == 40
    assert request.presentation_context[0].abstract_syntax == SMALL.sop_class


def test_the_null_scp_grants_every_context() -> None:
    request = ul.associate_rq("A", "B", many_contexts(SMALL))

    granted = ul.accepted(associate_ac(request[6:])[6:])

    assert sorted(granted.contexts) == list(range(1, 81, 2))
    assert granted.max_pdu == ul.LARGEST_PDU


def test_a_status_is_found_in_a_response() -> None:
    [(start, end, control)] = pdvs(bytearray(success(b"", 1)))

    command = success(b"", 1)[start:end]
    assert control == ul.COMMAND | ul.LAST
    assert ul.status(command) == 0
    assert find_status(command) == 0
    assert ul.status(b"") == find_status(b"") == -1


def test_pdvs_of_an_incomplete_pdu_wait_for_its_end() -> None:
    whole = ul.p_data(b"12345", 1, ul.LAST)

    assert pdvs(bytearray(whole[:-1])) == []
    assert pdvs(bytearray(whole + whole[:8])) == [(12, 17, ul.LAST)]


def test_a_query_carries_the_identifier() -> None:
    stream = bytearray(query(identifier(one=7)))

    [command, data] = pdvs(stream)

    asked = read_dataset(io.BytesIO(stream[data[0] : data[1]]), False, True)
    assert command[2] == ul.COMMAND | ul.LAST
    assert asked.AccessionNumber == accession(7)
    assert asked.ScheduledProcedureStepSequence[0].Modality == "CT"


def test_a_worklist_file_is_one() -> None:
    item = dcmread(io.BytesIO(worklist_file(7)))

    assert item.AccessionNumber == accession(7)
    assert item.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT1"


def test_a_command_set_begins_with_its_length() -> None:
    command = ul.command_set([(0x0100, struct.pack("<H", 1))])

    assert command[8:12] == struct.pack("<I", len(command) - 12)
