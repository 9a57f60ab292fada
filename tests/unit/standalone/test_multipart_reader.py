"""multipart/related read in any fragments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standalone.sandbox.multipart import (
    MAX_HEAD,
    MalformedMultipart,
    MultipartReader,
    media_type,
)


class Collected:
    def __init__(self) -> None:
        self.parts: list[tuple[str, bytes]] = []
        self._open = False

    def begin(self, content_type: str) -> None:
        self.parts.append((content_type, b""))
        self._open = True

    def write(self, data: bytes) -> None:
        assert self._open
        kind, content = self.parts[-1]
        self.parts[-1] = (kind, content + data)

    def end(self) -> None:
        self._open = False


def body(*parts: bytes, boundary: bytes = b"edge", start: bytes = b"") -> bytes:
    head = b"\r\n--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n"
    whole = b"".join(head + part for part in parts) + b"\r\n--" + boundary + b"--\r\n"
    return start + (whole if start else whole[2:])


def read(content: bytes, size: int) -> list[bytes]:
    sink = Collected()
    reader = MultipartReader("edge", sink)
    for start in range(0, len(content), size):
        reader.feed(content[start : start + size])
    reader.close()
    assert {kind for kind, _ in sink.parts} <= {"application/dicom"}
    return [part for _, part in sink.parts]


almost = st.sampled_from([b"\r\n--edg", b"\r", b"\r\n", b"--edge", b"\r\n--", b"x", b"\x00\xff"])


@given(
    parts=st.lists(st.lists(almost, max_size=6).map(b"".join), max_size=4),
    size=st.integers(min_value=1, max_value=40),
    start=st.sampled_from([b"", b"a preamble", b"\r\n"]),
)
def test_parts_come_out_as_they_went_in_whatever_the_fragments(
    parts: list[bytes], size: int, start: bytes
) -> None:
    # What is a boundary inside a part is no part any more: keep to what a client may send.
    parts = [part for part in parts if b"\r\n--edge" not in b"\r\n" + part + b"\r\n--edg"]

    assert read(body(*parts, start=start), size) == parts


def test_a_part_without_header_fields_is_a_part() -> None:
    assert read_kinds(b"--edge\r\n\r\nabc\r\n--edge--") == [("", b"abc")]


def test_spaces_may_follow_a_boundary() -> None:
    assert read_kinds(b"--edge \t\r\n\r\nabc\r\n--edge--") == [("", b"abc")]


def test_what_follows_the_closing_boundary_is_ignored() -> None:
    sink = Collected()
    reader = MultipartReader("edge", sink)

    reader.feed(body(b"abc"))
    reader.feed(b"--edge\r\n\r\nmore")
    reader.close()

    assert [part for _, part in sink.parts] == [b"abc"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no boundary at all",
        body(b"abc")[:-6],
        b"--edge\r\nContent-Type: application/dicom\r\n",
    ],
)
def test_a_body_that_breaks_off_is_malformed(content: bytes) -> None:
    reader = MultipartReader("edge", Collected())
    reader.feed(content)

    with pytest.raises(MalformedMultipart):
        reader.close()


@pytest.mark.parametrize(
    "content",
    [b"x" * (MAX_HEAD + 1), b"--edge" + b" " * MAX_HEAD * 2, b"--edge\r\n" + b"h" * MAX_HEAD],
)
def test_a_head_without_end_is_refused_and_not_kept(content: bytes) -> None:
    reader = MultipartReader("edge", Collected())

    with pytest.raises(MalformedMultipart):
        reader.feed(content)


def test_text_behind_a_boundary_is_malformed() -> None:
    reader = MultipartReader("edge", Collected())

    with pytest.raises(MalformedMultipart):
        reader.feed(b"--edgeless\r\n\r\n")


@pytest.mark.parametrize(
    ("value", "media", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=x', "multipart/related", "x"),
        ('Multipart/Related; Boundary="x y"', "multipart/related", "x y"),
        ("application/dicom", "application/dicom", ""),
        ("", "", ""),
    ],
)
def test_a_content_type_is_its_media_type_and_parameters(
    value: str, media: str, boundary: str
) -> None:
    found, parameters = media_type(value)

    assert (found, parameters.get("boundary", "")) == (media, boundary)


def read_kinds(content: bytes) -> list[tuple[str, bytes]]:
    sink = Collected()
    reader = MultipartReader("edge", sink)
    reader.feed(content)
    reader.close()
    return sink.parts
