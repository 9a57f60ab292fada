"""A small made-up study: a CT and an MR series of a phantom nobody has ever been."""

import array
import sys
from collections.abc import Iterator
from datetime import datetime

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

SIZE = 128  # rows and columns
PATIENT = "DEMO^PHANTOM"
SERIES = (
    ("CT", CTImageStorage, "Phantom, axial", 20),
    ("MR", MRImageStorage, "Phantom, T1", 16),
)


def instances(now: datetime) -> Iterator[Dataset]:
    """New UIDs each time, so that every run is a study of its own."""
    study, frame = generate_uid(), generate_uid()
    for number, (modality, sop_class, description, slices) in enumerate(SERIES, start=1):
        series = generate_uid()
        for index in range(slices):
            found = _instance(sop_class, modality, index, slices)
            found.SeriesInstanceUID = series
            found.SeriesNumber = number
            found.SeriesDescription = description
            found.StudyInstanceUID = study
            found.FrameOfReferenceUID = frame
            _describe(found, now)
            yield found


def _describe(instance: Dataset, now: datetime) -> None:
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.StudyDate = instance.ContentDate = now.strftime("%Y%m%d")
    instance.StudyTime = instance.ContentTime = now.strftime("%H%M%S")
    instance.AccessionNumber = f"DEMO{now:%H%M%S}"
    instance.StudyID = "DEMO"
    instance.StudyDescription = "Demonstration"
    instance.ReferringPhysicianName = ""
    instance.PatientName = PATIENT
    instance.PatientID = "DEMO-1"
    instance.PatientBirthDate = "19700101"
    instance.PatientSex = "O"


def _instance(sop_class: UID, modality: str, index: int, slices: int) -> Dataset:
    found = Dataset()
    found.SOPClassUID = sop_class
    found.SOPInstanceUID = generate_uid()
    found.Modality = modality
    found.Manufacturer = "DICOMweb Proxy demonstration"
    found.InstanceNumber = index + 1
    found.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if modality == "CT" else "M"]
    found.ImagePositionPatient = [0, 0, 5 * index]
    found.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    found.PixelSpacing = [1, 1]
    found.SliceThickness = 5
    found.SamplesPerPixel = 1
    found.PhotometricInterpretation = "MONOCHROME2"
    found.Rows = found.Columns = SIZE
    found.BitsAllocated = 16
    found.BitsStored = 12
    found.HighBit = 11
    found.PixelRepresentation = 0
    found.PixelData = _phantom(index, slices)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return found


def _phantom(index: int, slices: int) -> bytes:
    """A ball, cut: the disc of each slice is as large as the ball is there."""
    middle = SIZE / 2
    height = 2 * (index + 0.5) / slices - 1
    radius = (0.9 * middle) ** 2 * (1 - height * height)
    pixels = array.array("H")
    for row in range(SIZE):
        for column in range(SIZE):
            distance = (row - middle) ** 2 + (column - middle) ** 2
            pixels.append(int(3000 - 2000 * distance / radius) if distance < radius else index)
    if sys.byteorder == "big":
        pixels.byteswap()
    return pixels.tobytes()
