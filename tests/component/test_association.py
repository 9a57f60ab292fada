"""Associations as well-behaved peers open them: DCMTK's programs and pynetdicom's requestor."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import StoragePresentationContexts, build_context

from shared.dimse.service import Respond, Response
from tests.support.acceptor import (
    PRIVATE,
    STANDARD,
    WORKLIST,
    Received,
    RecordingService,
    Running,
    accepting,
)
from tests.support.peers import peer
from tests.support.raw_association import RawAssociation

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
STANDARD_STORAGE = [
    str(each.abstract_syntax)
    for each in StoragePresentationContexts
    if str(each.abstract_syntax).startswith(STANDARD)
]


@pytest.fixture
def service() -> RecordingService:
    return RecordingService()


@pytest.fixture
def running(service: RecordingService) -> Iterator[Running]:
    with accepting(service) as running:
        yield running


def ct(size: int = 0) -> Dataset:
    instance = Dataset()
    instance.file_meta = FileMetaDataset()
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.SOPClassUID = CT
    instance.SOPInstanceUID = generate_uid()
    instance.StudyInstanceUID = generate_uid()
    instance.PatientID = "P1"
    if size:
        instance.add_new("PixelData", "OB", bytes(size))
    return instance


def associate(port: int, *contexts: tuple[str, list[str]]) -> Association:
    entity = AE("MODALITY")
    for abstract, transfers in contexts:
        entity.add_requested_context(abstract, transfers)
    association = entity.associate("127.0.0.1", port)
    assert association.is_established
    return association


def dcmtk(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer(program), *arguments],
        env={**os.environ, "TCP_NODELAY": "1"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_echoscu_is_answered(running: Running) -> None:
    echoed = dcmtk("echoscu", "127.0.0.1", str(running.port))

    assert echoed.returncode == 0, echoed.stderr


def test_storescu_sends_an_instance_byte_for_byte(
    running: Running, service: RecordingService, tmp_path: Path
) -> None:
    instance = ct(500_000)
    dcmwrite(tmp_path / "ct.dcm", instance, enforce_file_format=True)

    sent = dcmtk("storescu", "-xe", "127.0.0.1", str(running.port), str(tmp_path / "ct.dcm"))

    assert sent.returncode == 0, sent.stderr
    [received] = service.received
    assert received.request.affected_sop_instance_uid == instance.SOPInstanceUID
    assert (tmp_path / "ct.dcm").read_bytes().endswith(received.data)
    assert len(received.data) > 500_000


def test_dcmsend_sends_many_on_one_association(
    running: Running, service: RecordingService, tmp_path: Path
) -> None:
    for number in range(20):
        dcmwrite(tmp_path / f"{number}.dcm", ct(1000), enforce_file_format=True)

    sent = dcmtk("dcmsend", "127.0.0.1", str(running.port), "+sd", str(tmp_path))

    assert sent.returncode == 0, sent.stderr
    assert len({each.request.affected_sop_instance_uid for each in service.received}) == 20
    assert len({each.request.peer.association for each in service.received}) == 1


def test_findscu_gets_every_match_and_the_end(running: Running, service: RecordingService) -> None:
    async def three(received: Received, respond: Respond) -> None:
        assert b"DOE*" in received.data
        for number in range(3):
            value = b"A%03d" % number
            await respond(Response(0xFF00, identifier=b"\x08\0\x50\0SH\x04\0" + value))
        await respond(Response(0))

    service.answering = three
    found = dcmtk("findscu", "-v", "-W", "-k", "PatientName=DOE*", "127.0.0.1", str(running.port))

    assert found.returncode == 0, found.stderr
    assert [
        found.stdout.count(f"A00{number}") + found.stderr.count(f"A00{number}")
        for number in range(3)
    ] == [1, 1, 1]


def test_a_requestor_with_128_contexts_may_store_on_each(running: Running) -> None:
    entity = AE()
    both: list[str | UID] = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
    own = [f"{PRIVATE}{number}" for number in range(28)]
    entity.requested_contexts = [build_context(each, both) for each in STANDARD_STORAGE[:100] + own]
    association = entity.associate("127.0.0.1", running.port)
    assert len(association.accepted_contexts) == 128
    status = association.send_c_store(ct())
    association.release()

    assert status.Status == 0
    assert association.is_released


def test_what_no_service_takes_is_refused_by_context_not_by_association(running: Running) -> None:
    association = associate(
        running.port, (VERIFICATION, [ImplicitVRLittleEndian]), ("1.2.3.4.5", ["1.2.840.10008.1.2"])
    )

    assert [each.result for each in association.rejected_contexts] == [3]
    assert association.send_c_echo().Status == 0
    association.release()


def test_the_status_of_the_service_reaches_the_requestor(
    running: Running, service: RecordingService
) -> None:
    service.status = 0xA700
    association = associate(running.port, (CT, [ExplicitVRLittleEndian]))

    assert association.send_c_store(ct()).Status == 0xA700
    assert association.send_c_store(ct()).Status == 0xA700
    association.release()


def test_a_service_that_fails_costs_a_status_not_the_association(
    running: Running, service: RecordingService
) -> None:
    async def fail(received: Received, respond: Respond) -> None:
        del received, respond
        raise OSError("the disk is on fire")

    service.answering = fail
    association = associate(running.port, (CT, [ExplicitVRLittleEndian]))
    assert association.send_c_store(ct()).Status == 0x0110

    service.answering = None
    assert association.send_c_store(ct()).Status == 0
    association.release()


def test_a_cancelled_query_ends_with_the_status_for_it(
    running: Running, service: RecordingService
) -> None:
    async def until_cancelled(received: Received, respond: Respond) -> None:
        while not received.cancelled:
            await respond(Response(0xFF00, identifier=b"\x08\0\x50\0SH\x02\0A1"))
            await asyncio.sleep(0.01)  # pynetdicom reads no faster
        await respond(Response(0xFE00))

    service.answering = until_cancelled
    association = associate(running.port, (WORKLIST, [ExplicitVRLittleEndian]))
    query = Dataset()
    query.PatientID = ""
    statuses = []
    for status, _ in association.send_c_find(query, WORKLIST, msg_id=7):
        statuses.append(status.Status)
        if len(statuses) == 3:
            association.send_c_cancel(7, query_model=WORKLIST)
    association.release()

    assert statuses[0] == 0xFF00
    assert statuses[-1] == 0xFE00


def test_hundreds_of_associations_at_once_are_served(service: RecordingService) -> None:
    with accepting(service, max_associations_per_ae=300) as running, ExitStack() as stack:
        requestors = [stack.enter_context(RawAssociation(running.port)) for _ in range(300)]
        for each in requestors:
            each.associate()

        assert all(each.store(b"data").status == 0 for each in requestors)
        assert all(each.release() == 6 for each in requestors)

    assert len(service.received) == 300
