"""Synthetic instances: a head that is fresh for each one, pixels that many share."""

import secrets
import struct
from dataclasses import dataclass
from functools import cache
from itertools import count

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
UID_LENGTH = 44  # "2.25." and the 39 digits of a UUID (PS3.5 B.2): even, so never padded
LONG_VRS = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT"})  # 32 bit length (PS3.5 7.1.2)
TWELVE_BITS = bytes(value & 0x0F for value in range(256))  # of the high byte of a pixel


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of instance, as a modality makes them."""

    name: str
    sop_class: str
    modality: bytes
    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Bytes of the data set."""
        return sum(map(len, self.head(uids("0")))) + UID_LENGTH + len(self.pixels(0))

    def head(self, study: "Uids") -> tuple[bytes, bytes]:
        """The data set before and after the SOP Instance UID, as far as the pixels."""
        before = element(0x0008, 0x0016, b"UI", self.sop_class.encode())
        return before + header(0x0008, 0x0018, b"UI", UID_LENGTH), b"".join(
            (
                element(0x0008, 0x0020, b"DA", b"20260102"),
                element(0x0008, 0x0030, b"TM", b"030405"),
                element(0x0008, 0x0050, b"SH", b"BENCH"),
                element(0x0008, 0x0060, b"CS", self.modality),
                element(0x0010, 0x0010, b"PN", b"Bench^Synthetic"),
                element(0x0010, 0x0020, b"LO", b"BENCH"),
                element(0x0020, 0x000D, b"UI", study.study),
                element(0x0020, 0x000E, b"UI", study.series),
                element(0x0028, 0x0002, b"US", struct.pack("<H", 1)),
                element(0x0028, 0x0004, b"CS", b"MONOCHROME2"),
                element(0x0028, 0x0010, b"US", struct.pack("<H", self.rows)),
                element(0x0028, 0x0011, b"US", struct.pack("<H", self.columns)),
                element(0x0028, 0x0100, b"US", struct.pack("<H", 16)),
                element(0x0028, 0x0101, b"US", struct.pack("<H", 12)),
                element(0x0028, 0x0102, b"US", struct.pack("<H", 11)),
                element(0x0028, 0x0103, b"US", struct.pack("<H", 0)),
                header(0x7FE0, 0x0010, b"OW", 2 * self.rows * self.columns),
            )
        )

    def file(self, study: "Uids", variant: int = 0) -> bytes:
        """An instance as a Part 10 file."""
        uid = study.instance()
        before, after = self.head(study)
        return part_10(self.sop_class, uid, b"".join((before, uid, after, self.pixels(variant))))

    def pixels(self, variant: int) -> bytes:
        """Random 12-bit pixels: they neither compress nor repeat."""
        return _pixels(self.rows * self.columns, variant)


CT = Kind("CT", "1.2.840.10008.5.1.4.1.1.2", b"CT", 512, 512)
MR = Kind("MR", "1.2.840.10008.5.1.4.1.1.4", b"MR", 256, 256)
SMALL = Kind("small", "1.2.840.10008.5.1.4.1.1.7", b"OT", 90, 88)
KINDS = {kind.name: kind for kind in (CT, MR, SMALL)}


@dataclass(frozen=True, slots=True)
class Uids:
    """The UIDs of a study: unlike those of any other, so that no peer meets one twice."""

    prefix: str
    numbers: "count[int]"

    @property
    def study(self) -> bytes:
        return f"{self.prefix}{1:012}".encode()

    @property
    def series(self) -> bytes:
        return f"{self.prefix}{2:012}".encode()

    def instance(self) -> bytes:
        return f"{self.prefix}{next(self.numbers):012}".encode()


def uids(nonce: str = "") -> Uids:
    """The UIDs of a new study; a nonce makes them known beforehand."""
    number = int(nonce, 16) if nonce else secrets.randbelow(10**26)
    return Uids(f"2.25.1{number:026}", count(10))


def header(group: int, number: int, vr: bytes, length: int) -> bytes:
    """The beginning of an element in Explicit VR Little Endian (PS3.5 7.1.2)."""
    if vr in LONG_VRS:
        return struct.pack("<HH2sHI", group, number, vr, 0, length)
    return struct.pack("<HH2sH", group, number, vr, length)


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    padded = value + (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return header(group, number, vr, len(padded)) + padded


def part_10(sop_class: str, sop_instance: bytes, data_set: bytes) -> bytes:
    """A file (PS3.10 7.1) of a data set in Explicit VR Little Endian."""
    meta = b"".join(
        (
            element(0x0002, 0x0001, b"OB", b"\0\1"),
            element(0x0002, 0x0002, b"UI", sop_class.encode()),
            element(0x0002, 0x0003, b"UI", sop_instance),
            element(0x0002, 0x0010, b"UI", EXPLICIT_VR_LITTLE_ENDIAN.encode()),
            element(0x0002, 0x0012, b"UI", b"2.25.118209217712034471953412309116"),
        )
    )
    length = element(0x0002, 0x0000, b"UL", struct.pack("<I", len(meta)))
    return bytes(128) + b"DICM" + length + meta + data_set


@cache
def _pixels(pixels: int, variant: int) -> bytes:
    del variant  # of the cache alone
    noise = bytearray(secrets.token_bytes(2 * pixels))
    noise[1::2] = noise[1::2].translate(TWELVE_BITS)
    return bytes(noise)
