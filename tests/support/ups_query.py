"""Asks the worklist service as the acceptor does: an identifier in, answers and a status out."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filereader import dcmread
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from shared.config import Settings
from shared.destination import Destination
from shared.dimse.service import Operation, Peer, Request, Response
from shared.worklist_sections import WorklistSettings
from worklist.find import C_FIND_RQ, MODALITY_WORKLIST_FIND, WorklistService


def settings(uri: str, *, modalities: Any = (), **worklist: Any) -> Settings:
    return Settings(
        destinations=(Destination(name="cloud", worklist_uri=uri, timeout=5),),
        worklist=WorklistSettings(**worklist),
        modalities=modalities,
    )


@dataclass
class Answered:
    status: int
    comment: str
    identifiers: list[bytes]
    transfer_syntax: str
    answers: list[Dataset] = field(init=False)

    def __post_init__(self) -> None:
        self.answers = [decoded(each, self.transfer_syntax) for each in self.identifiers]

    @property
    def names(self) -> list[str]:
        return [str(each.PatientName) for each in self.answers]

    @property
    def ids(self) -> list[str]:
        return [each.PatientID for each in self.answers]


def encoded(identifier: Dataset, transfer_syntax: str = ImplicitVRLittleEndian) -> bytes:
    written = BytesIO()
    stream = DicomIO(written)
    stream.is_implicit_VR = transfer_syntax == ImplicitVRLittleEndian
    stream.is_little_endian = True
    write_dataset(stream, identifier)
    return written.getvalue()


def decoded(data: bytes, transfer_syntax: str) -> Dataset:
    file_meta = Dataset()
    file_meta.TransferSyntaxUID = transfer_syntax
    head = BytesIO()
    stream = DicomIO(head)
    stream.is_implicit_VR, stream.is_little_endian = False, True
    write_dataset(stream, file_meta)
    found = dcmread(BytesIO(b"\0" * 128 + b"DICM" + head.getvalue() + data), force=True)
    found.decode()
    return found


def peer(calling: str = "CT01", called: str = "WORKLIST", address: str = "127.0.0.1") -> Peer:
    return Peer("a1b2", calling, called, address, 50000)


def begin(
    service: WorklistService, transfer_syntax: str = ImplicitVRLittleEndian, who: Peer | None = None
) -> Operation:
    return service.begin(
        Request(
            who or peer(),
            MODALITY_WORKLIST_FIND,
            transfer_syntax,
            C_FIND_RQ,
            1,
            MODALITY_WORKLIST_FIND,
            "",
            2,
        )
    )


async def answered(
    service: WorklistService,
    identifier: Dataset | bytes,
    transfer_syntax: str = ExplicitVRLittleEndian,
    who: Peer | None = None,
) -> Answered:
    operation = begin(service, transfer_syntax, who)
    data = identifier
    if not isinstance(data, bytes):
        data = encoded(data, transfer_syntax)
    operation.write(memoryview(data))
    responses: list[Response] = []

    async def respond(response: Response) -> None:
        responses.append(response)

    await operation.finish(respond)
    *pending, final = responses
    assert all(each.status == 0xFF00 for each in pending)
    assert final.identifier is None
    assert len(final.comment) <= 64
    identifiers = [each.identifier or b"" for each in pending]
    return Answered(final.status, final.comment, identifiers, transfer_syntax)


def ask(
    configured: Settings,
    *identifiers: Dataset | bytes,
    transfer_syntax: str = ExplicitVRLittleEndian,
    who: Peer | None = None,
) -> list[Answered]:
    """Queries one after the other, by one service."""

    async def run() -> list[Answered]:
        service = WorklistService(configured)
        try:
            return [await answered(service, each, transfer_syntax, who) for each in identifiers]
        finally:
            await service.close()

    return asyncio.run(run())


def query(step: dict[str, Any] | None = None, **root: Any) -> Dataset:
    """An identifier by keywords."""
    identifier = Dataset()
    for keyword, value in {"PatientName": "", "PatientID": "", **root}.items():
        setattr(identifier, keyword, value)
    if step is not None:
        item = Dataset()
        for keyword, value in step.items():
            setattr(item, keyword, value)
        identifier.ScheduledProcedureStepSequence = [item]
    return identifier


def tags(data_set: Dataset) -> Iterable[int]:
    return [int(element.tag) for element in data_set]
