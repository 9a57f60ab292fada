"""What the sandbox holds: files on disk, and an index in memory that is rebuilt at the start."""

import contextlib
import filecmp
import hashlib
import itertools
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from pydicom import config, dcmread
from pydicom.errors import BytesLengthException as PydicomFault
from pydicom.errors import InvalidDicomError
from pydicom.tag import BaseTag

from standalone.sandbox.levels import INDEXED

UIDS = ("0020000D", "0020000E", "00080018")  # study, series, instance
TAGS = [BaseTag(tag) for tag in INDEXED]


class NotDicom(ValueError):
    """Not a Part 10 file (PS3.10 7) that names its instance, series and study."""


class Answer(Enum):
    STORED = "stored"
    KNOWN = "already here, the same bytes"
    DIFFERENT = "already here with other bytes"
    FULL = "the sandbox is full"
    OTHER_STUDY = "belongs to another study than the request is for"


@dataclass(frozen=True, slots=True)
class Holding:
    """An instance we hold."""

    path: Path
    size: int  # bytes
    transfer_syntax: str
    attributes: dict[str, Any]  # those of levels.INDEXED it has, as DICOM JSON (PS3.18 F)
    study: str
    series: str
    sop_instance_uid: str
    sop_class_uid: str

    def url(self, base: str) -> str:
        return f"{base}/studies/{self.study}/series/{self.series}/instances/{self.sop_instance_uid}"


class Archive:
    def __init__(self, root: Path, capacity: int) -> None:
        self.root = root
        self.capacity = capacity
        self._incoming = root / ".incoming"
        self._numbers = itertools.count()
        self._held: dict[str, Holding] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Create the folders, drop what was half received, read what is there."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        for partial in self._incoming.iterdir():
            partial.unlink()
        for path in sorted(self.root.glob("??/*.dcm")):
            with contextlib.suppress(NotDicom):
                held = read(path)
                self._held[held.sop_instance_uid] = held

    def partial(self) -> Path:
        """A name for a file that is being received, on the same file system."""
        return self._incoming / f"{os.getpid()}-{next(self._numbers)}"

    def add(self, partial: Path, study: str | None = None) -> tuple[Answer, Holding]:
        """Take a received file; it is gone from its place afterwards. Raises NotDicom."""
        try:
            new = read(partial)
            if study not in {None, new.study}:
                return Answer.OTHER_STUDY, new
            with self._lock:
                return self._add(partial, new), new
        finally:
            partial.unlink(missing_ok=True)

    def _add(self, partial: Path, new: Holding) -> Answer:
        uid = new.sop_instance_uid
        if known := self._held.get(uid):
            same = filecmp.cmp(known.path, partial, shallow=False)
            return Answer.KNOWN if same else Answer.DIFFERENT
        if len(self._held) >= self.capacity:
            return Answer.FULL
        # A UID is what a client says: only its hash becomes a file name.
        name = hashlib.sha256(uid.encode()).hexdigest()
        path = self.root / name[:2] / f"{name}.dcm"
        path.parent.mkdir(exist_ok=True)
        partial.rename(path)
        self._held[uid] = replace(new, path=path)
        return Answer.STORED

    def holdings(
        self, study: str | None = None, series: str | None = None, instance: str | None = None
    ) -> Iterator[Holding]:
        for held in list(self._held.values()):
            if (
                study in {None, held.study}
                and series in {None, held.series}
                and instance in {None, held.sop_instance_uid}
            ):
                yield held

    def counts(self) -> dict[str, int]:
        held = list(self._held.values())
        return {
            "studies": len({each.study for each in held}),
            "series": len({each.series for each in held}),
            "instances": len(held),
        }


def read(path: Path) -> Holding:
    try:
        with config.disable_value_validation():  # we keep what we are given
            found = dcmread(path, specific_tags=TAGS, stop_before_pixels=True)
            attributes = found.to_json_dict(suppress_invalid_tags=True)
        study, series, instance = (_text(attributes, each) for each in UIDS)
        return Holding(
            path,
            path.stat().st_size,
            str(found.file_meta.TransferSyntaxUID),
            attributes,
            study,
            series,
            instance,
            _text(attributes, "00080016"),
        )
    # Any bytes may come in, and pydicom has no error of its own for most of what can be wrong.
    except (InvalidDicomError, ArithmeticError, AttributeError, LookupError, OSError) as error:
        raise NotDicom(type(error).__name__) from None
    except (TypeError, ValueError, NotImplementedError, struct.error, PydicomFault) as error:
        raise NotDicom(type(error).__name__) from None


def _text(attributes: dict[str, Any], tag: str) -> str:
    text = str(attributes[tag]["Value"][0])
    if not text:
        raise ValueError(tag)
    return text
