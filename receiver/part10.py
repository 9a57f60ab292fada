"""The File Meta Information of what we keep (PS3.10 7.1), the same for the same instance always.

An origin server may refuse an instance it holds when the file differs by a byte. So group 0002 has
what is required and nothing else: no version name, no AE titles, no time.
"""

from functools import lru_cache
from struct import pack

from shared.uid import IMPLEMENTATION_CLASS_UID

_PREAMBLE = bytes(128) + b"DICM"
_VERSION = pack("<HH2sHIH", 0x0002, 0x0001, b"OB", 0, 2, 0x0100)  # 00H 01H


def file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Everything in front of the data set. UIDs are ASCII, or what is not becomes "?"."""
    first, last = _around(sop_class_uid, transfer_syntax_uid)
    group = first + _uid(0x0003, sop_instance_uid) + last
    return _PREAMBLE + pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(group)) + group


@lru_cache(maxsize=256)
def _around(sop_class_uid: str, transfer_syntax_uid: str) -> tuple[bytes, bytes]:
    """What is the same for all instances of a presentation context."""
    return (
        _VERSION + _uid(0x0002, sop_class_uid),
        _uid(0x0010, transfer_syntax_uid) + _uid(0x0012, IMPLEMENTATION_CLASS_UID),
    )


def _uid(element: int, uid: str) -> bytes:
    value = uid.encode("ascii", "replace")
    value += b"\0" * (len(value) % 2)
    return pack("<HH2sH", 0x0002, element, b"UI", len(value)) + value
