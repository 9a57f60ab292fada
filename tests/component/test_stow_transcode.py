"""Transfer syntaxes that web services forbid, on the wire."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.support import answers
from tests.support.instances import header, make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from uploader.origin import Origin
from uploader.outcome import Verdict

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
JPEG = "1.2.840.10008.1.2.4.50"


@pytest.fixture
def server() -> Iterator[OriginServer]:
    with OriginServer() as origin_server:
        yield origin_server


@pytest.fixture
def origin(server: OriginServer) -> Iterator[Origin]:
    origin = Origin(destination(server.uri))
    yield origin
    origin.close()


def implicit(folder: Path, uid: str = "1.2.3", *, broken: bool = False) -> Path:
    elements = [(0x0008, 0x0018, uid.encode() + b"\0" * (len(uid) % 2)), (0x0008, 0x0060, b"CT")]
    data_set = b"".join(struct.pack("<HHI", g, e, len(v)) + v for g, e, v in elements)
    cut = struct.pack("<HHI", 0x7FE0, 0x0010, 1000) + b"too short" if broken else b""
    path = folder / f"{uid}.dcm"
    path.write_bytes(header(uid, IMPLICIT) + data_set + cut)
    return path


def test_implicit_vr_is_sent_as_explicit_vr(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    explicit = make(tmp_path)

    outcomes = origin.store([implicit(tmp_path), explicit.path, implicit(tmp_path, "1.2.4")])

    assert [each.verdict for each in outcomes] == [Verdict.STORED] * 3
    found = dcmread(io.BytesIO(server.held["1.2.3"].part))
    assert found.file_meta.TransferSyntaxUID == EXPLICIT
    assert found.Modality == "CT"
    assert server.held[explicit.uid].part_sha256 == explicit.part_sha256


def test_a_destination_that_takes_everything_gets_it_as_received(
    server: OriginServer, tmp_path: Path
) -> None:
    path = implicit(tmp_path)
    origin = Origin(destination(server.uri, transcode="never"))

    origin.store([path])

    assert server.held["1.2.3"].part == path.read_bytes()
    origin.close()


def test_encapsulated_instances_are_never_touched(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    made = make(tmp_path, transfer_syntax=JPEG)

    origin.store([made.path])

    assert server.held[made.uid].part_sha256 == made.part_sha256


def test_what_cannot_be_converted_goes_as_it_is(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    path = implicit(tmp_path, broken=True)

    outcomes = origin.store([make(tmp_path).path, path])

    assert [each.verdict for each in outcomes] == [Verdict.STORED] * 2
    assert server.held["1.2.3"].part == path.read_bytes()


def test_what_cannot_be_converted_and_is_refused_is_rejected_the_first_time(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    server.script(answers.partial({0: 272}))

    [outcome] = origin.store([implicit(tmp_path, broken=True)])

    assert (outcome.verdict, outcome.limit) == (Verdict.REJECTED, 1)
    assert "ends within a value" in outcome.detail


def test_a_second_attempt_sends_the_same_bytes(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    path = implicit(tmp_path)

    origin.store([path])
    first = server.held["1.2.3"].part_sha256
    origin.store([path])

    assert server.held["1.2.3"].part_sha256 == first
    assert {each.name for each in tmp_path.iterdir()} == {path.name}
