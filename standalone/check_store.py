"""Stores one made-up instance at a destination, as the uploader would, and says how that ended."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pydicom.dataset import Dataset

from shared.destination import Destination
from shared.errors import ConfigurationError, DestinationFault
from standalone import study
from standalone.check_origin import ADVICE, PATIENCE, advice
from standalone.findings import FAIL, OK, WARN, Finding
from uploader.origin import Origin
from uploader.outcome import Outcome, Verdict

NAME, IDENTIFIER = "STORE^TEST", "DICOMWEB-PROXY-STORE-TEST"
REFUSED = "the archive refuses a plain CT image: see its log, and what its account may store"
SILENT = "it answers success and does not name the instance: is its storage full?"
REMOVE = "delete the patient DICOMWEB-PROXY-STORE-TEST there when you are done"


def store(destination: Destination) -> Finding:
    """Of a destination that takes uploads."""
    subject = f"{destination.name}: store"
    patient = destination.model_copy(update={"timeout": PATIENCE})
    try:
        outcome = _stored(patient, instance())
    except ConfigurationError as error:
        return Finding(FAIL, subject, error.mistakes[0], ADVICE[0][1])
    except DestinationFault as fault:
        return Finding(FAIL, subject, f"{destination.upload_uri} {fault.reason}", advice(fault))
    return _told(subject, outcome)


def instance() -> Dataset:
    """Of a study of its own, that says what it is."""
    made = next(study.instances(datetime.now(UTC)))
    made.PatientName, made.PatientID = NAME, IDENTIFIER
    made.AccessionNumber = made.StudyID = "STORETEST"
    made.StudyDescription = made.SeriesDescription = "Store test of DICOMweb Proxy"
    return made


def _stored(destination: Destination, made: Dataset) -> Outcome:
    origin = Origin(destination)
    try:
        with tempfile.TemporaryDirectory(prefix="dicomweb-proxy-") as folder:
            file = Path(folder) / "test.dcm"
            made.save_as(file, enforce_file_format=True)
            [outcome] = origin.store([file])
            if outcome.verdict is Verdict.UNACCOUNTED and origin.verify(file):
                return Outcome(Verdict.STORED, outcome.http_status)
            return outcome
    finally:
        origin.close()


def _told(subject: str, outcome: Outcome) -> Finding:
    if outcome.delivered:
        warned = "" if outcome.warning is None else f" with warning {outcome.warning:04X}"
        return Finding(WARN if warned else OK, subject, f"a test image is stored{warned}", REMOVE)
    if outcome.verdict is Verdict.UNACCOUNTED:
        return Finding(FAIL, subject, f"HTTP {outcome.http_status}, and nothing stored", SILENT)
    reason = "" if outcome.reason is None else f", reason {outcome.reason:04X}"
    return Finding(FAIL, subject, f"HTTP {outcome.http_status}{reason}: {outcome.detail}", REFUSED)
