"""Synthetic instances of any size, as Part 10 files with a group 0002 like the receiver's."""

import hashlib
import random
import struct
from dataclasses import dataclass
from pathlib import Path

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_VR_LE = "1.2.840.10008.1.2.1"
ROOT = "1.2.826.0.1.3680043.10.1"  # a test root: no device makes these UIDs


@dataclass(frozen=True)
class Made:
    path: Path
    uid: str
    study: str
    series: str
    part_sha256: str
    data_set_sha256: str


def make(
    folder: Path,
    number: int = 1,
    *,
    size: int = 2048,
    transfer_syntax: str = EXPLICIT_VR_LE,
    salt: int = 0,
    study: int = 1,
) -> Made:
    """An instance of about `size` bytes. The same arguments make the same bytes; `salt` others."""
    uid = f"{ROOT}.{study}.1.{number}"
    pixels = random.Random(f"{number} {salt}").randbytes(max(size - 700, 16) & ~1)
    data_set = b"".join(
        [
            _element(0x00080016, b"UI", CT_IMAGE),
            _element(0x00080018, b"UI", uid),
            _element(0x00080060, b"CS", "CT"),
            _element(0x00100010, b"PN", "SYNTHETIC^PATIENT"),
            _element(0x00100020, b"LO", "SYN1"),
            _element(0x0020000D, b"UI", f"{ROOT}.{study}"),
            _element(0x0020000E, b"UI", f"{ROOT}.{study}.1"),
            _element(0x00280010, b"US", struct.pack("<H", 1)),
            _element(0x00280011, b"US", struct.pack("<H", len(pixels) // 2 & 0xFFFF)),
            _element(0x7FE00010, b"OW", pixels),
        ]
    )
    part10 = header(uid, transfer_syntax) + data_set
    path = folder / f"{study}-{number}-{salt}.dcm"
    path.write_bytes(part10)
    return Made(
        path,
        uid,
        f"{ROOT}.{study}",
        f"{ROOT}.{study}.1",
        hashlib.sha256(part10).hexdigest(),
        hashlib.sha256(data_set).hexdigest(),
    )


def header(uid: str, transfer_syntax: str = EXPLICIT_VR_LE, sop_class: str = CT_IMAGE) -> bytes:
    """Preamble, prefix and group 0002 (PS3.10 7.1)."""
    meta = b"".join(
        [
            _element(0x00020001, b"OB", b"\0\1"),
            _element(0x00020002, b"UI", sop_class),
            _element(0x00020003, b"UI", uid),
            _element(0x00020010, b"UI", transfer_syntax),
            _element(0x00020012, b"UI", ROOT),
        ]
    )
    return bytes(128) + b"DICM" + _element(0x00020000, b"UL", struct.pack("<I", len(meta))) + meta


def _element(tag: int, vr: bytes, value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    content += (b"\0" if vr in {b"UI", b"OB"} else b" ") * (len(content) % 2)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr
    if vr in {b"OB", b"OW"}:
        return head + struct.pack("<HI", 0, len(content)) + content
    return head + struct.pack("<H", len(content)) + content
