"""Answers that an origin server should not give, and does: for OriginServer.script and .always."""

import gzip
import json
import zlib
from collections.abc import Iterable
from typing import Any

from tests.support.origin_server import JSON, Answer, Exchange, well

LOGIN_PAGE = b"<!DOCTYPE html>\n<html><body><form action='/login'></form></body></html>"
FOREVER = 10**12


def status(
    code: int,
    body: bytes | str | dict[str, Any] | list[Any] = b"",
    content_type: str | None = None,
    *,
    headers: dict[str, str] | None = None,
    store: bool = False,
) -> Answer:
    """Read the request and answer so; `store`: the instances are kept all the same."""

    def answer(exchange: Exchange) -> None:
        exchange.read_body()
        if store:
            exchange.origin.holdings.store(exchange.read_instances())
        content = json.dumps(body) if isinstance(body, dict | list) else body
        kind = JSON if isinstance(body, dict | list) and content_type is None else content_type
        encoded = content.encode() if isinstance(content, str) else content
        exchange.respond(code, encoded, kind, headers)

    return answer


def partial(
    failures: dict[int, int | str | None] | None = None,
    *,
    warnings: dict[int, int] | None = None,
    omitted: Iterable[int] = (),
    code: int | None = None,
    words: str = "",
    as_xml: bool = False,
    padding: str = "",
) -> Answer:
    """Store some. Numbers count the instances of the request from 0; `omitted` are not stored and
    not mentioned. `as_xml`: Native DICOM Model. `padding`: at the end of each UID.
    """

    def answer(exchange: Exchange) -> None:
        sent = exchange.read_instances()
        left_out = set(omitted)
        listed = [each for number, each in enumerate(sent) if number not in left_out]
        found, content = exchange.origin.holdings.store(
            listed,
            failures={sent[number].uid: reason for number, reason in (failures or {}).items()},
            warnings={sent[number].uid: value for number, value in (warnings or {}).items()},
        )
        _decorate(content, words, padding)
        if as_xml:
            exchange.respond(code or found, _xml(content), "application/dicom+xml")
        else:
            exchange.respond_json(code or found, content)

    return answer


def empty(code: int = 200, *, store: bool = True, body: bytes = b"") -> Answer:
    return status(code, body, JSON if body else None, store=store)


def login_page() -> Answer:
    return status(200, LOGIN_PAGE, "text/html; charset=utf-8")


def drop(*, store: bool = True) -> Answer:
    """Read the request to its last byte, keep the instances, and reset the connection."""

    def answer(exchange: Exchange) -> None:
        sent = exchange.read_instances()
        if store:
            exchange.origin.holdings.store(sent)
        exchange.reset()

    return answer


def reset(*, after: int = 1024) -> Answer:
    """Reset the connection in the middle of the body."""

    def answer(exchange: Exchange) -> None:
        exchange.rfile.read(after)
        exchange.reset()

    return answer


def early(code: int, *, after: int = 1024, headers: dict[str, str] | None = None) -> Answer:
    """Answer in the middle of the body, read no more, and close once the client has seen it."""

    def answer(exchange: Exchange) -> None:
        exchange.rfile.read(after)
        exchange.respond(code, b"", headers={"Connection": "close", **(headers or {})})
        exchange.origin.stopping.wait(0.5)
        exchange.close_connection = True

    return answer


def hang() -> Answer:
    """Read the request and answer nothing until the server stops."""

    def answer(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.origin.stopping.wait()

    return answer


def gigantic(size: int = FOREVER, piece: bytes = b'{"00081199":' * 8192) -> Answer:
    """Store everything and answer with `size` bytes of JSON that begins and never ends."""

    def answer(exchange: Exchange) -> None:
        exchange.origin.holdings.store(exchange.read_instances())
        exchange.respond(200, b"", JSON, {"Content-Length": str(size)})
        while not exchange.origin.stopping.is_set():
            exchange.wfile.write(piece)

    return answer


def drip(interval: float = 0.05, *, in_head: bool = False) -> Answer:
    """Answer a byte at a time, without end: of the body, or of interim responses before it."""

    def answer(exchange: Exchange) -> None:
        exchange.read_body()
        if not in_head:
            exchange.respond(200, b"", JSON, {"Content-Length": str(FOREVER)})
        while not exchange.origin.stopping.wait(interval):
            exchange.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n" if in_head else b" ")

    return answer


def gzipped(*, code: int | None = None, bomb: int = 0) -> Answer:
    """A good answer, compressed; `bomb`: that many bytes of spaces instead."""

    def answer(exchange: Exchange) -> None:
        found, content = exchange.origin.holdings.store(exchange.read_instances())
        packed = _bomb(bomb) if bomb else gzip.compress(json.dumps(content).encode())
        exchange.respond(code or found, packed, JSON, {"Content-Encoding": "gzip"})

    return answer


def _bomb(size: int) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b" " * 1_000_000
    return b"".join(squeeze.compress(block) for _ in range(size // len(block))) + squeeze.flush()


def redirect(code: int, location: str) -> Answer:
    return status(code, headers={"Location": location})


def delayed(seconds: float, answer: Answer = well) -> Answer:
    def slow(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.origin.stopping.wait(seconds)
        answer(exchange)

    return slow


def _decorate(content: dict[str, Any], words: str, padding: str) -> None:
    for sequence in content.values():
        for item in sequence["Value"]:
            if words and "00081197" in item:
                item["00090097"] = {"vr": "LT", "Value": [words]}
            if padding and "00081155" in item:
                item["00081155"]["Value"] = [item["00081155"]["Value"][0] + padding]


def _xml(content: dict[str, Any]) -> bytes:
    def attribute(tag: str, element: dict[str, Any]) -> str:
        inner = "".join(
            f'<Item number="{number}">{"".join(attribute(*each) for each in value.items())}</Item>'
            if isinstance(value, dict)
            else f'<Value number="{number}">{value}</Value>'
            for number, value in enumerate(element["Value"], start=1)
        )
        return f'<DicomAttribute tag="{tag}" vr="{element["vr"]}">{inner}</DicomAttribute>'

    attributes = "".join(attribute(*each) for each in content.items())
    namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
    root = f'<NativeDicomModel xmlns="{namespace}">{attributes}</NativeDicomModel>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()
