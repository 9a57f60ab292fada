"""The head of a Part 10 file, read as pydicom reads it."""

import os
import struct
import warnings
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from tests.support.instances import header, make
from tests.support.pydicom_files import DATA
from uploader.instance import HEAD, NotAnInstance, place, read_instance

DEFLATED = "1.2.840.10008.1.2.1.99"
FILES = sorted(path for path in DATA.rglob("*") if path.is_file() and path.suffix != ".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_of_pydicom_is_read_as_pydicom_reads_it(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = dcmread(path, stop_before_pixels=True)
        except (InvalidDicomError, EOFError):
            expected = None
        syntax = expected.file_meta.get("TransferSyntaxUID") if expected is not None else None
        uid = expected.get("SOPInstanceUID", "") if expected is not None else ""

    try:
        found = read_instance(path)
    except NotAnInstance:
        assert not (syntax and uid)
        return

    assert found.transfer_syntax == syntax
    assert found.sop_instance_uid == uid or expected is None or not uid


def test_a_long_group_0002_is_read(tmp_path: Path) -> None:
    made = make(tmp_path)
    part10 = made.path.read_bytes()
    private = b"\x02\x00\x02\x01OB\0\0" + struct.pack("<I", 9000) + bytes(9000)
    data_set = part10[len(header(made.uid)) :]
    head = bytearray(header(made.uid))
    head[140:144] = struct.pack("<I", len(head) - 144 + len(private))
    made.path.write_bytes(head + private + data_set)

    found = read_instance(made.path)

    assert found.sop_instance_uid == made.uid
    assert found.data_set == len(head) + len(private)


@pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflated"])
def test_a_uid_is_read_whole_wherever_it_lies(tmp_path: Path, *, deflate: bool) -> None:
    made = make(tmp_path)
    syntax = DEFLATED if deflate else "1.2.840.10008.1.2.1"
    data_set = made.path.read_bytes()[len(header(made.uid)) :]
    around = HEAD - (0 if deflate else len(header("1.2.3", syntax)))
    for end in range(around - 80, around + 60, 2):  # of what is in front of the value
        length = end - data_set.index(made.uid.encode()) - 12
        before = b"\x08\0\x01\0UN\0\0" + struct.pack("<I", length) + os.urandom(length)
        squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = squeeze.compress(before + data_set) + squeeze.flush()
        made.path.write_bytes(header("1.2.3", syntax) + (packed if deflate else before + data_set))
        assert read_instance(made.path).sop_instance_uid == made.uid, end


def test_the_data_set_counts_where_group_0002_names_another_uid(tmp_path: Path) -> None:
    made = make(tmp_path)
    path = tmp_path / "other.dcm"
    path.write_bytes(header("1.2.3.4") + made.path.read_bytes()[len(header(made.uid)) :])

    assert read_instance(path).sop_instance_uid == made.uid


def test_a_deflated_data_set_is_looked_into(tmp_path: Path) -> None:
    made = make(tmp_path)
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data_set = made.path.read_bytes()[len(header(made.uid)) :]
    path = tmp_path / "deflated.dcm"
    path.write_bytes(header("", DEFLATED) + squeeze.compress(data_set) + squeeze.flush())

    found = read_instance(path)

    assert found.sop_instance_uid == made.uid
    assert place(found) == (made.study, made.series, made.uid)


def test_an_instance_has_its_place_among_the_studies(tmp_path: Path) -> None:
    made = make(tmp_path)

    found = place(read_instance(made.path))

    assert found is not None
    assert found.uri("https://a.example/studies") == (
        f"https://a.example/studies/{made.study}/series/{made.series}/instances/{made.uid}"
    )


@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_bytes_whatever_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.dcm"
    path.write_bytes((header("1.2.3") + noise)[: 132 + cut])

    try:
        found = read_instance(path)
    except NotAnInstance:
        return

    assert found.data_set <= path.stat().st_size
    place(found)
