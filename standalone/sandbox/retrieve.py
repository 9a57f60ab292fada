"""WADO-RS, the origin server's side: instances as they were stored, and metadata (PS3.18 10.4)."""

import secrets
from collections.abc import AsyncIterator, Iterable
from typing import Any

import anyio
from pydicom import config, dcmread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from standalone.sandbox.archive import Archive, Holding
from standalone.sandbox.multipart import media_type
from standalone.sandbox.responses import dicom_json, refusal

DICOM = "application/dicom"
CHUNK = 1 << 20  # bytes read at a time
INLINE = 1024  # bytes; a longer binary value is bulk data, which metadata leaves out
BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


async def on_retrieve(request: Request) -> Response:
    found = _found(request)
    if not found:
        return refusal(404, "Nothing like that is held here.")
    accepted = [media_type(each) for each in _accepted(request)]
    if len(found) == 1 and any(_takes_one(media) for media, _ in accepted):
        return FileResponse(found[0].path, media_type=DICOM)
    if not any(_takes(media, parameters, found) for media, parameters in accepted):
        return refusal(406, 'Accept multipart/related; type="application/dicom", as stored.')
    boundary = secrets.token_hex(16)
    parts = [(_head(boundary, each), each) for each in found]
    closing = f"\r\n--{boundary}--\r\n".encode()
    size = sum(len(head) + each.size for head, each in parts) + len(closing)
    return StreamingResponse(
        _body(parts, closing),
        headers={
            "Content-Type": f'multipart/related; type="{DICOM}"; boundary={boundary}',
            "Content-Length": str(size),
        },
    )


async def on_metadata(request: Request) -> Response:
    found = _found(request)
    if not found:
        return refusal(404, "Nothing like that is held here.")
    return dicom_json([await run_in_threadpool(_metadata, each) for each in found])


def _found(request: Request) -> list[Holding]:
    archive: Archive = request.app.state.archive
    return list(archive.holdings(**request.path_params))


def _accepted(request: Request) -> list[str]:
    # A quoted type holds no comma, so that splitting at commas is safe (RFC 9110 12.5.1).
    return [each.strip() for each in request.headers.get("Accept", "*/*").split(",")]


def _takes_one(media: str) -> bool:
    return media == DICOM


def _takes(media: str, parameters: dict[str, str], found: Iterable[Holding]) -> bool:
    if media not in {"multipart/related", "multipart/*", "*/*"}:
        return False
    if parameters.get("type", DICOM) not in {DICOM, "*/*"}:
        return False
    syntax = parameters.get("transfer-syntax", "*")  # PS3.18 8.7.3.5.2
    return syntax == "*" or all(each.transfer_syntax == syntax for each in found)


def _head(boundary: str, held: Holding) -> bytes:
    fields = f"Content-Type: {DICOM}; transfer-syntax={held.transfer_syntax}"
    return f"\r\n--{boundary}\r\n{fields}\r\n\r\n".encode()


async def _body(parts: list[tuple[bytes, Holding]], closing: bytes) -> AsyncIterator[bytes]:
    for head, held in parts:
        yield head
        async with await anyio.open_file(held.path, "rb") as file:
            while chunk := await file.read(CHUNK):
                yield chunk
    yield closing


def _metadata(held: Holding) -> dict[str, Any]:
    with config.disable_value_validation():
        found = dcmread(held.path, stop_before_pixels=True)
        for element in list(found):
            if element.VR in BINARY and len(element.value or b"") > INLINE:
                del found[element.tag]
        content: dict[str, Any] = found.to_json_dict(suppress_invalid_tags=True)
    return content
