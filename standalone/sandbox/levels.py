"""Which attributes the sandbox can search for and answers with (PS3.18 Tables 10.6.3-3 to -5)."""

from pydicom.datadict import tag_for_keyword

STUDY = (
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
    "TimezoneOffsetFromUTC",
    "StudyDescription",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
)
SERIES = (
    "Modality",
    "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
)
INSTANCE = (
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "Rows",
    "Columns",
    "BitsAllocated",
    "NumberOfFrames",
)


def tags(*keywords: str) -> tuple[int, ...]:
    return tuple(tag for keyword in keywords if (tag := tag_for_keyword(keyword)) is not None)


INDEXED = tags("SpecificCharacterSet", *STUDY, *SERIES, *INSTANCE)
