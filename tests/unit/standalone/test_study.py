"""The made-up study, data set digests, worklist queries."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from standalone import study
from standalone.dataset import NotPart10, dataset_of, digest
from standalone.worklist_query import COLUMNS, Keys, rows

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def part10(instance: Dataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, instance, enforce_file_format=True)
    return buffer.getvalue()


def test_every_run_is_a_study_of_its_own_with_two_series() -> None:
    first, second = list(study.instances(NOW)), list(study.instances(NOW))

    assert len({each.SOPInstanceUID for each in first + second}) == len(first + second) == 72
    assert len({each.StudyInstanceUID for each in first}) == 1
    assert len({each.SeriesInstanceUID for each in first}) == 2
    assert {each.StudyDate for each in first} == {"20261124"}


def test_its_images_can_be_read_and_are_not_blank() -> None:
    for instance in study.instances(NOW):
        read = dcmread(io.BytesIO(part10(instance)))

        assert len(read.PixelData) == read.Rows * read.Columns * 2
        assert len(set(read.PixelData)) > 50


def test_a_digest_is_that_of_the_data_set_alone() -> None:
    instance = next(study.instances(NOW))

    encoded = encode(instance, is_implicit_vr=False, is_little_endian=True)

    assert encoded
    assert digest(part10(instance)) == hashlib.sha256(encoded).hexdigest()


def test_a_digest_does_not_depend_on_who_wrote_the_file(tmp_path: Path) -> None:
    path = Path(str(get_testdata_file("CT_small.dcm")))
    instance = dcmread(path)
    instance.file_meta.ImplementationVersionName = "SOMEONE_ELSE"
    copy = tmp_path / "copy.dcm"
    instance.save_as(copy)

    assert digest(copy) == digest(path)
    assert copy.read_bytes() != path.read_bytes()


@pytest.mark.parametrize("content", [b"", b"x" * 200, bytes(128) + b"DICM", bytes(128) + b"DICMxx"])
def test_what_is_no_part_10_file_has_no_data_set(content: bytes) -> None:
    with pytest.raises(NotPart10):
        dataset_of(content)


def test_a_query_has_its_keys_in_the_scheduled_procedure_step() -> None:
    identifier = Keys(date="20261124", modality="CT", patient_name="DOE*").identifier()

    [step] = identifier.ScheduledProcedureStepSequence
    assert (step.ScheduledProcedureStepStartDate, step.Modality) == ("20261124", "CT")
    assert identifier.PatientName == "DOE*"
    assert identifier.PatientID in {"", None}


def test_answers_become_rows_in_the_order_of_time_whatever_they_lack() -> None:
    late, early = Keys(date="20261124").identifier(), Keys(date="20261123").identifier()

    found = rows([late, early, Dataset()])

    assert [row[0] for row in found] == ["", "2026-11-23", "2026-11-24"]
    assert {len(row) for row in found} == {len(COLUMNS)}
