"""Request bodies read back by an independent parser."""

import email.parser
import email.policy
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dicomweb.multipart import CHUNK, Body, Part, PartChanged

sizes = st.one_of(
    st.integers(0, 300),
    st.sampled_from([1, 65_536, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7]),
)


def body_of(folder: Path, contents: list[bytes]) -> Body:
    parts = []
    for number, content in enumerate(contents):
        path = folder / str(number)
        path.write_bytes(content)
        parts.append(Part(path, len(content)))
    return Body(parts)


def parsed(body: Body) -> list[bytes]:
    """By the standard library's MIME parser."""
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + b"".join(body))
    found = []
    for part in message.iter_parts():
        assert part.items() == [("Content-Type", "application/dicom")]
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append(content)
    return found


@settings(max_examples=25)
@given(st.lists(sizes, min_size=1, max_size=5), st.binary(min_size=1, max_size=1))
def test_a_body_holds_its_files_and_is_as_long_as_it_says(lengths: list[int], fill: bytes) -> None:
    with TemporaryDirectory() as folder:
        contents = [fill.hex().encode() * length for length in lengths]
        body = body_of(Path(folder), contents)

        assert sum(map(len, body)) == body.length
        assert parsed(body) == contents


def test_a_body_can_be_sent_again(tmp_path: Path) -> None:
    body = body_of(tmp_path, [b"first", b"x" * (CHUNK + 1)])

    assert b"".join(body) == b"".join(body)


def test_chunks_are_neither_tiny_nor_huge(tmp_path: Path) -> None:
    body = body_of(tmp_path, [b"x" * 1000] * 2000)

    assert len(list(body)) <= 2 * body.length // CHUNK + 1
    assert max(map(len, body)) <= CHUNK


def test_no_two_bodies_share_a_boundary(tmp_path: Path) -> None:
    assert len({body_of(tmp_path, [b"x"]).content_type for _ in range(100)}) == 100


def test_an_open_file_needs_no_name(tmp_path: Path) -> None:
    path = tmp_path / "converted"
    path.write_bytes(b"converted")
    with path.open("rb") as file:
        path.unlink()
        body = Body([Part(path, 9, file.fileno())])

        assert parsed(body) == [b"converted"]


@pytest.mark.parametrize("length", [4, 0])
def test_a_file_shorter_than_announced_is_noticed(tmp_path: Path, length: int) -> None:
    body = body_of(tmp_path, [b"whole"])
    with (tmp_path / "0").open("r+b") as file:
        file.truncate(length)

    with pytest.raises(PartChanged) as changed:
        b"".join(body)

    assert changed.value.path == tmp_path / "0"
