"""The sink's part counter, fed as a network feeds it."""

import pytest

from bench.instances import SMALL, uids
from bench.parts import Parts

BOUNDARY = b"a-boundary"


def body(files: list[bytes]) -> bytes:
    head = b"\r\n--" + BOUNDARY + b"\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + file for file in files) + b"\r\n--" + BOUNDARY + b"--\r\n"


def fed(content: bytes, step: int) -> Parts:
    parts = Parts(BOUNDARY)
    buffer = bytearray(content)
    for start in range(0, len(buffer), step):
        parts.feed(buffer, start, min(start + step, len(buffer)))
    parts.finish()
    return parts


@pytest.mark.parametrize("step", [1, 7, 4096, 10**6])
def test_every_part_is_found_however_the_body_is_cut(step: int) -> None:
    study = uids("1")
    files = [SMALL.file(study) for _ in range(3)]

    parts = fed(body(files), step)

    expected = [f"2.25.1{1:026}{number:012}" for number in (10, 11, 12)]
    assert [part.sop_instance for part in parts.found] == expected
    assert {part.sop_class for part in parts.found} == {SMALL.sop_class}
    assert parts.closed
    assert parts.unreadable == 0


def test_a_part_that_is_no_instance_is_counted_as_unreadable() -> None:
    parts = fed(body([b"x" * 5000, SMALL.file(uids())]), 1000)

    assert len(parts.found) == 1
    assert parts.unreadable == 1


def test_a_body_without_its_end_is_not_closed() -> None:
    parts = fed(body([SMALL.file(uids())])[:-10], 1000)

    assert not parts.closed
