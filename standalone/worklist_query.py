"""A Modality Worklist query made from options, and its answers as rows (PS3.4 K.6.1.2)."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

COLUMNS = ("Date", "Time", "Modality", "Station", "Patient name", "Patient ID", "Step")
# What a scanner asks to be returned; of these, what is a matching key gets its value.
ROOT = (
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "RequestedProcedureDescription",
    "RequestedProcedureID",
)
STEP = (
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepDescription",
    "ScheduledProcedureStepID",
)


@dataclass(frozen=True, slots=True)
class Keys:
    """Matching keys; what is "" is asked for and not matched."""

    date: str = ""
    modality: str = ""
    station: str = ""
    patient_name: str = ""
    patient_id: str = ""
    accession: str = ""

    def identifier(self) -> Dataset:
        step = Dataset()
        for keyword in STEP:
            setattr(step, keyword, "")
        step.Modality = self.modality
        step.ScheduledStationAETitle = self.station
        step.ScheduledProcedureStepStartDate = self.date
        identifier = Dataset()
        identifier.SpecificCharacterSet = "ISO_IR 192"
        for keyword in ROOT:
            setattr(identifier, keyword, "")
        identifier.PatientName = self.patient_name
        identifier.PatientID = self.patient_id
        identifier.AccessionNumber = self.accession
        identifier.ScheduledProcedureStepSequence = [step]
        return identifier


def rows(answers: Iterable[Dataset]) -> list[tuple[str, ...]]:
    """In the order of time, as the columns say."""
    return sorted(_row(each) for each in answers)


def _row(answer: Dataset) -> tuple[str, ...]:
    steps = answer.get("ScheduledProcedureStepSequence") or [Dataset()]
    step = steps[0]
    date = _text(step, "ScheduledProcedureStepStartDate")
    time = _text(step, "ScheduledProcedureStepStartTime")
    return (
        f"{date[:4]}-{date[4:6]}-{date[6:8]}" if date else "",
        f"{time[:2]}:{time[2:4]}" if time else "",
        _text(step, "Modality"),
        _text(step, "ScheduledStationAETitle"),
        _text(answer, "PatientName"),
        _text(answer, "PatientID"),
        _text(step, "ScheduledProcedureStepDescription"),
    )


def _text(item: Dataset, keyword: str) -> str:
    value = item.get(keyword)
    return "" if value is None else str(value)
