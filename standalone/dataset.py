"""The data set of a Part 10 file, byte for byte: what a C-STORE carries (PS3.10 7)."""

import hashlib
import struct
from pathlib import Path

PREAMBLE = 128 + 4  # bytes before group 0002: preamble and "DICM"
GROUP_LENGTH = struct.Struct("<HH2sHI")  # (0002,0000) UL in Explicit VR Little Endian


class NotPart10(ValueError):
    """No file meta information where it should be."""


def dataset_of(part10: bytes) -> bytes:
    if part10[PREAMBLE - 4 : PREAMBLE] != b"DICM":
        raise NotPart10
    try:
        group, element, vr, size, length = GROUP_LENGTH.unpack_from(part10, PREAMBLE)
    except struct.error:
        raise NotPart10 from None
    if (group, element, vr, size) != (2, 0, b"UL", 4):
        raise NotPart10
    return part10[PREAMBLE + GROUP_LENGTH.size + length :]


def digest(part10: bytes | Path) -> str:
    """SHA-256 of the data set alone: group 0002 is whoever wrote the file's own."""
    content = part10.read_bytes() if isinstance(part10, Path) else part10
    return hashlib.sha256(dataset_of(content)).hexdigest()
