"""Answers are decoded within their limit."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dicomweb.response import LIMIT_EXTENSION, AnswerTooLong, bound


class Pieces(httpx.SyncByteStream):
    def __init__(self, content: bytes, step: int) -> None:
        self._content = content
        self._step = step

    def __iter__(self) -> Iterator[bytes]:
        for offset in range(0, len(self._content), self._step):
            yield self._content[offset : offset + self._step]


def bounded(content: bytes, encoding: str, *, limit: int, step: int = 1000) -> httpx.Response:
    request = httpx.Request("GET", "https://a.example", extensions={LIMIT_EXTENSION: limit})
    headers = {"Content-Encoding": encoding} if encoding else {}
    response = httpx.Response(200, headers=headers, stream=Pieces(content, step))
    return bound(response, request)


def raw(content: bytes) -> bytes:
    """As some servers understand "deflate"."""
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(content) + squeeze.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@given(st.sampled_from(sorted(PACK)), st.integers(0, 200_000), st.integers(50, 70_000))
def test_an_answer_within_its_limit_is_read_whole(encoding: str, size: int, step: int) -> None:
    content = bytes(number * 7 & 0xFF for number in range(256)) * (size // 256) + b"end"

    response = bounded(PACK[encoding](content), encoding, limit=len(content), step=step)

    assert response.read() == content


@pytest.mark.parametrize("encoding", sorted(PACK))
def test_one_byte_more_than_the_limit_is_too_long(encoding: str) -> None:
    response = bounded(PACK[encoding](bytes(5000)), encoding, limit=4999)

    with pytest.raises(AnswerTooLong):
        response.read()


def test_what_is_not_compressed_as_it_says_is_an_error() -> None:
    with pytest.raises(httpx.DecodingError):
        bounded(b"plain", "gzip", limit=100).read()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br"])
def test_an_encoding_nobody_asked_for_is_an_error(encoding: str) -> None:
    with pytest.raises(httpx.DecodingError):
        bounded(b"", encoding, limit=100)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("left", [1, 5, 10, 40])
def test_what_was_cut_short_is_no_shorter_answer(encoding: str, left: int) -> None:
    packed = PACK[encoding](b'{"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI"}}]}}')
    assert left < len(packed)

    with pytest.raises(httpx.DecodingError):
        bounded(packed[:left], encoding, limit=1000).read()


@given(st.binary(max_size=3000), st.integers(0, 9), st.integers(1, 2000))
def test_deflate_without_a_header_is_read_too(content: bytes, level: int, step: int) -> None:
    squeeze = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    packed = squeeze.compress(content) + squeeze.flush()

    assert bounded(packed, "deflate", limit=len(content), step=step).read() == content


@pytest.mark.parametrize("left", [1, 5, 40])
def test_deflate_without_a_header_that_was_cut_short_is_an_error(left: int) -> None:
    packed = raw(b'{"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI"}}]}}')

    with pytest.raises(httpx.DecodingError):
        bounded(packed[:left], "deflate", limit=1000).read()


def test_no_byte_at_all_is_an_empty_answer() -> None:
    assert bounded(b"", "gzip", limit=100).read() == b""


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_all_members_of_gzip_are_read(step: int) -> None:
    packed = gzip.compress(b"") + gzip.compress(b"first, ") + gzip.compress(b"second")

    assert bounded(packed, "gzip", limit=100, step=step).read() == b"first, second"


def test_what_follows_a_member_and_is_none_is_an_error() -> None:
    with pytest.raises(httpx.DecodingError):
        bounded(gzip.compress(b"{}") + b"garbage", "gzip", limit=100).read()
