"""Any bytes may be sent to the sandbox: they are an instance, or they are not."""

import logging
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from standalone.sandbox.archive import Answer, Archive, NotDicom

logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # hundreds of complaints are no news
CT = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path, 10)
    made.open()
    return made


def added(archive: Archive, content: bytes) -> Answer | None:
    partial = archive.partial()
    partial.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return archive.add(partial)[0]
    except NotDicom:
        return None
    finally:
        assert not partial.exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_bytes_that_were_damaged_are_kept_or_refused_and_raise_nothing_else(
    archive: Archive, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, 2000))
    damage = data.draw(st.binary(max_size=40))
    end = data.draw(st.one_of(st.none(), st.integers(0, len(CT))))

    assert added(archive, (CT[:start] + damage + CT[start + len(damage) :])[:end]) in {
        None,
        *Answer,
    }


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_no_dicom_is_refused(archive: Archive, content: bytes) -> None:
    assert added(archive, content) is None


def test_a_partial_file_of_a_crash_is_gone_after_the_next_start(tmp_path: Path) -> None:
    archive = Archive(tmp_path, 10)
    archive.open()
    archive.partial().write_bytes(b"half")

    Archive(tmp_path, 10).open()

    assert not list((tmp_path / ".incoming").iterdir())


def test_a_file_that_cannot_be_read_any_more_does_not_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "x.dcm").write_bytes(b"damaged")
    archive = Archive(tmp_path, 10)

    archive.open()

    assert archive.counts()["instances"] == 0
