"""STOW-RS, the origin server's side: the Store transaction (PS3.18 10.5), straight to disk."""

import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from standalone.sandbox.archive import Answer, Archive, Holding, NotDicom
from standalone.sandbox.multipart import MalformedMultipart, MultipartReader, media_type
from standalone.sandbox.responses import attribute, dicom_json, refusal

DICOM = "application/dicom"
LONGEST = 2 << 30  # bytes of an instance: this is no place for more
# Failure Reasons (PS3.18 Table I.2-2; A9xx and Axxx as in PS3.4 Table B.2-1)
OUT_OF_RESOURCES = 0xA700
WRONG_STUDY = 0xA900
CANNOT_UNDERSTAND = 0xC000
DUPLICATE_INSTANCE = 0x0111  # PS3.7 C.5.6: another instance has this UID
UNSUPPORTED_PART = 0x0110

REASONS = {
    Answer.DIFFERENT: DUPLICATE_INSTANCE,
    Answer.FULL: OUT_OF_RESOURCES,
    Answer.OTHER_STUDY: WRONG_STUDY,
}


@dataclass
class Outcome:
    """The Store Instances Response as it grows (PS3.18 Annex I)."""

    stored: list[Holding] = field(default_factory=list)
    failed: list[tuple[Holding, int]] = field(default_factory=list)
    other: list[int] = field(default_factory=list)  # failures that name no instance

    def status(self) -> int:
        """PS3.18 Table 10.5.3-1: all, some or none; 507 where none for want of room."""
        if not (self.failed or self.other):
            return 200
        if self.stored:
            return 202
        return 507 if OUT_OF_RESOURCES in {reason for _, reason in self.failed} else 409

    def body(self, base: str) -> dict[str, object]:
        content: dict[str, object] = {}
        if self.stored:
            content["00081190"] = attribute("UR", f"{base}/studies/{self.stored[0].study}")
            content["00081199"] = attribute(
                "SQ",
                *(
                    {**_reference(each), "00081190": attribute("UR", each.url(base))}
                    for each in self.stored
                ),
            )
        if self.failed:
            content["00081198"] = attribute(
                "SQ",
                *(
                    {**_reference(each), "00081197": attribute("US", reason)}
                    for each, reason in self.failed
                ),
            )
        if self.other:
            content["0008119A"] = attribute(
                "SQ", *({"00081197": attribute("US", reason)} for reason in self.other)
            )
        return content


class TooLong(Exception):
    """An instance is longer than we take."""


class PartFiles:
    """Writes each part to a file of its own; `finished` is what the store has not taken yet."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._file: BinaryIO | None = None
        self._path = Path()
        self._written = 0
        self.finished: list[Path | None] = []  # None: a part that is no application/dicom

    def begin(self, content_type: str) -> None:
        if media_type(content_type)[0] not in {DICOM, ""}:
            self.finished.append(None)
            return
        self._written = 0
        self._path = self._archive.partial()
        self._file = self._path.open("wb")

    def write(self, data: bytes) -> None:
        if self._file:
            self._written += self._file.write(data)
            if self._written > LONGEST:
                raise TooLong

    def end(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
            self.finished.append(self._path)

    def discard(self) -> None:
        """Remove what was not taken."""
        if self._file:
            self._file.close()
            self.finished.append(self._path)
        for path in self.finished:
            if path:
                path.unlink(missing_ok=True)


async def on_store(request: Request) -> Response:
    media, parameters = media_type(request.headers.get("Content-Type", ""))
    if problem := _unsupported(media, parameters):
        return refusal(415, problem)
    archive: Archive = request.app.state.archive
    sink, outcome = PartFiles(archive), Outcome()
    single = media == DICOM
    parts = _single(request, sink) if single else _multipart(request, sink, parameters["boundary"])
    try:
        async for path in parts:
            await _take(archive, path, request.path_params.get("study"), outcome)
    except (MalformedMultipart, TooLong, OSError) as fault:
        if not outcome.stored or not isinstance(fault, MalformedMultipart):
            return _refusal(fault)
        outcome.other.append(CANNOT_UNDERSTAND)
    finally:
        sink.discard()
    if not (outcome.stored or outcome.failed or outcome.other):
        return refusal(400, "The request held no instance.")
    return dicom_json(outcome.body(str(request.base_url).rstrip("/")), outcome.status())


def _unsupported(media: str, parameters: dict[str, str]) -> str:
    """Why a media type cannot be taken, if it cannot."""
    if media == DICOM:
        return ""
    if media != "multipart/related" or not parameters.get("boundary"):
        return 'Send multipart/related; type="application/dicom"; boundary=…'
    if parameters.get("type", DICOM).lower() != DICOM:
        return "Only instances of type application/dicom are taken here."
    return ""


def _refusal(fault: Exception) -> Response:
    if isinstance(fault, TooLong):
        return refusal(413, f"No instance of more than {LONGEST >> 30} GiB is taken here.")
    if isinstance(fault, OSError):
        full = fault.errno in {errno.ENOSPC, errno.EDQUOT}
        return refusal(507 if full else 500, f"The sandbox cannot write: {fault.strerror}.")
    return refusal(400, f"Malformed multipart: {fault}.")


async def _multipart(
    request: Request, sink: PartFiles, boundary: str
) -> AsyncIterator[Path | None]:
    reader = MultipartReader(boundary, sink)
    try:
        async for chunk in request.stream():
            reader.feed(chunk)
            while sink.finished:
                yield sink.finished.pop(0)
    except ClientDisconnect:
        raise MalformedMultipart("the client went away") from None
    reader.close()


async def _single(request: Request, sink: PartFiles) -> AsyncIterator[Path | None]:
    sink.begin(DICOM)
    try:
        async for chunk in request.stream():
            sink.write(chunk)
    except ClientDisconnect:  # half an instance is none
        raise MalformedMultipart("the client went away") from None
    sink.end()
    while sink.finished:
        yield sink.finished.pop(0)


async def _take(archive: Archive, path: Path | None, study: str | None, outcome: Outcome) -> None:
    if path is None:
        outcome.other.append(UNSUPPORTED_PART)
        return
    try:
        answer, holding = await run_in_threadpool(archive.add, path, study)
    except NotDicom:
        outcome.other.append(CANNOT_UNDERSTAND)
        return
    if answer in REASONS:
        outcome.failed.append((holding, REASONS[answer]))
    else:
        outcome.stored.append(holding)


def _reference(holding: Holding) -> dict[str, object]:
    return {
        "00081150": attribute("UI", holding.sop_class_uid),
        "00081155": attribute("UI", holding.sop_instance_uid),
    }
