"""The files with odd encodings that the pydicom wheel carries, those that C-STORE can send."""

import hashlib
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pydicom

from receiver.storage_classes import is_storage

DATA = Path(pydicom.__file__).parent / "data"


@dataclass(frozen=True)
class Storable:
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str  # SHA-256 of the data set


@cache
def storable_files() -> tuple[Storable, ...]:
    found = (_storable(path) for path in sorted(DATA.rglob("*")) if path.is_file())
    return tuple(each for each in found if each)


def data_set_digest(part10: bytes) -> str:
    """Of what follows the file meta information, whose length is in its first element."""
    start = 144 + int.from_bytes(part10[140:144], "little")
    return hashlib.sha256(part10[start:]).hexdigest()


def _storable(path: Path) -> Storable | None:
    content = path.read_bytes()
    if content[128:140] != b"DICM\x02\0\0\0UL\4\0":
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
    sop_class, instance, syntax = (
        str(meta.get(each) or "")
        for each in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
    )
    if not (instance and syntax and is_storage(sop_class)):
        return None
    return Storable(path, sop_class, instance, syntax, data_set_digest(content))
