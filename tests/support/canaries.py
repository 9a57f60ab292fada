"""Values that stand for a patient's: unique, in every text attribute, and easy to find again."""

import base64
import re
import zlib
from collections.abc import Iterator

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import Tag

MARK = "ZQXKW"  # no word, no name of a test or a folder, and in nobody's UIDs
BIRTH_DATE = "18970613"
TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
CHARACTER_SET = 0x0008_0005
DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]")  # where zlib data may begin, as RQ keeps jobs
LONGEST = 64  # bytes shown around what was found


def canary(number: int) -> str:
    """16 characters at most, so that it fits every VR."""
    return f"{MARK}{number:05d}"


def text_tags() -> list[int]:
    """Every standard attribute of a data set whose value is text."""
    return [
        tag
        for tag, (vr, *_) in DicomDictionary.items()
        if vr in TEXT and tag >> 16 > 0x0002 and tag != CHARACTER_SET and keyword_for_tag(tag)
    ]


def fill(instance: Dataset, first: int = 1) -> Dataset:
    """Put a canary of its own into every text attribute, in items and private ones too."""
    for number, tag in enumerate(text_tags(), start=first):
        vr = DicomDictionary[tag][0]
        value = canary(number)
        instance.add_new(Tag(tag), vr, f"{value}^{value}" if vr == "PN" else value)
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.PatientBirthDate = BIRTH_DATE
    inner = Dataset()
    inner.RequestedProcedureDescription = canary(90_001)
    instance.RequestAttributesSequence = [inner]
    instance.private_block(0x0009, canary(90_002), create=True).add_new(1, "LO", canary(90_003))
    return instance


def found_in(data: bytes) -> list[str]:
    """Canaries in `data`, as they are or encoded: what stands around each."""
    return [
        piece[max(0, match.start() - LONGEST) : match.end() + LONGEST].decode("utf-8", "replace")
        for piece in (data, *_inflated(data))
        for match in _NEEDLES.finditer(piece)
    ]


def _inflated(data: bytes) -> Iterator[bytes]:
    for start in DEFLATED.finditer(data):
        try:
            yield zlib.decompressobj().decompress(data[start.start() :], 1 << 20)
        except zlib.error:
            continue


def _needles() -> re.Pattern[bytes]:
    plain = MARK.encode()
    # Of base64 only the middle is the same, whatever stands before and after.
    shifted = [base64.b64encode(b"\0" * shift + plain)[-(-shift * 4 // 3) :] for shift in range(3)]
    # Case matters in base64 and nowhere else.
    pieces = [re.escape(each.rstrip(b"=")[:-1]) for each in shifted]
    others = [plain, plain.hex().encode(), plain.decode().encode("utf-16-le"), BIRTH_DATE.encode()]
    insensitive = b"|".join(re.escape(each) for each in others)
    return re.compile(b"(?i:" + insensitive + b")|" + b"|".join(pieces))


_NEEDLES = _needles()
