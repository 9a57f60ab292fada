"""Answers of bounded size, decoded piece by piece: no small one unpacks to gigabytes."""

import zlib
from collections.abc import AsyncIterator, Iterator

import httpx

LIMIT = 16 * 1024 * 1024  # bytes, decoded; a worklist of 1,000 workitems is about 5 MB of JSON
LIMIT_EXTENSION = "answer_limit"  # request.extensions key for another limit
PIECE = 64 * 1024
GZIP_OR_ZLIB = 47  # zlib's window bits: 15, plus 32 to recognise the header
RAW = -15  # and without any header, as some servers understand "deflate" (RFC 9110 8.4.1.2)
HEADERS = frozenset({0x8, 0xF})  # low half of the first byte: zlib, gzip; no raw stream has these
PLAIN = frozenset({"", "identity"})
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class AnswerTooLong(httpx.TransportError):
    """More bytes than any answer to our questions has."""


class _Meter:
    """Decodes and counts."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._left = limit
        self._may_be_raw = encoding == "deflate"
        self._unpack = zlib.decompressobj(GZIP_OR_ZLIB) if encoding in PACKED else None
        self._began = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for piece in self._unpacked(data) if self._unpack else [data]:
            self._left -= len(piece)
            if self._left < 0:
                raise AnswerTooLong("the answer is longer than any answer should be")
            yield piece

    def end(self) -> None:
        """Cut short, an answer may unpack to less than it says, or to nothing at all."""
        if self._unpack and self._began and not self._unpack.eof:
            raise httpx.DecodingError("the answer is compressed, and not whole")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        unpack = self._unpack
        full = True
        while unpack and (data or (full and not unpack.eof)):  # full: zlib may hold back more
            if unpack.eof:  # of a member; RFC 1952 2.2 allows more
                unpack = self._unpack = zlib.decompressobj(GZIP_OR_ZLIB)
            if self._may_be_raw and data:
                self._may_be_raw = False
                if data[0] & 0xF not in HEADERS:
                    unpack = self._unpack = zlib.decompressobj(RAW)
            self._began = True
            try:
                piece = unpack.decompress(data, PIECE)
            except zlib.error as error:
                raise httpx.DecodingError("the answer is not compressed as it says") from error
            data = unpack.unconsumed_tail or unpack.unused_data
            full = len(piece) == PIECE
            yield piece


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, meter: _Meter) -> None:
        self._stream = stream
        self._meter = meter

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            yield from self._meter.pieces(data)
        self._meter.end()

    def close(self) -> None:
        self._stream.close()


class _AsyncBounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, meter: _Meter) -> None:
        self._stream = stream
        self._meter = meter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            for piece in self._meter.pieces(data):
                yield piece
        self._meter.end()

    async def aclose(self) -> None:
        await self._stream.aclose()


def framed(response: httpx.Response) -> bool:
    """Whether the end of the answer is told apart from the end of the connection (RFC 9112 6.3)."""
    told = {"content-length", "transfer-encoding"} & set(response.headers)
    return bool(told) or response.http_version.startswith("HTTP/2")


def bound(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    """The response, so that reading it never yields more than the request's limit."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in PLAIN | PACKED:
        raise httpx.DecodingError("the answer has a Content-Encoding that was not asked for")
    response.headers.pop("content-encoding", None)
    meter = _Meter(encoding, request.extensions.get(LIMIT_EXTENSION, LIMIT))
    if isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _AsyncBounded(response.stream, meter)
    else:
        response.stream = _Bounded(response.stream, meter)
    return response
