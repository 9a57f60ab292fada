"""What the scripted origin server holds, and how it answers to a second copy."""

import hashlib
import re
import struct
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

FAILED = "00081198"
STORED = "00081199"


class Duplicates(Enum):
    """How a server answers to an instance it holds."""

    LIKE_NEW = "like_new"  # Orthanc, dcm4chee: success, whatever the bytes
    AZURE = "azure"  # failed with 45070, whatever the bytes; 202 or 409
    GOOGLE = "google"  # the same bytes: success; others: 409, 272 and words
    REFUSED = "refused"  # tiny-pacs: 409 with 272 and no words
    BARE_CONFLICT = "bare_conflict"  # 409 and no body


@dataclass(frozen=True)
class Sent:
    """One part of a request."""

    part: bytes
    part_headers: bytes

    @property
    def uid(self) -> str:
        """Media Storage SOP Instance UID, read without any code of the project; empty if none."""
        found = re.search(rb"\x02\x00\x03\x00UI(..)", self.part[:2048], re.DOTALL)
        if not found or self.part[128:132] != b"DICM":
            return ""
        [length] = struct.unpack("<H", found[1])
        return self.part[found.end() : found.end() + length].rstrip(b"\0 ").decode()

    @property
    def data_set(self) -> bytes:
        [length] = struct.unpack_from("<I", self.part, 140)  # value of (0002,0000)
        return self.part[144 + length :]


@dataclass(frozen=True)
class Held:
    part_sha256: str
    data_set_sha256: str
    size: int
    part: bytes = field(repr=False)


@dataclass
class Holdings:
    duplicates: Duplicates = Duplicates.LIKE_NEW
    keep_bytes: bool = True
    held: dict[str, Held] = field(default_factory=dict)
    stores: list[str] = field(default_factory=list)  # every successful store, in order
    lock: threading.Lock = field(default_factory=threading.Lock)

    def store(
        self,
        sent: Sequence[Sent],
        *,
        failures: dict[str, int | str | None] | None = None,
        warnings: dict[str, int] | None = None,
        overwrite: bool = False,
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and Store Instances Response. `failures`: UIDs not to be stored, and why."""
        stored: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for each in sent:
            reason: Any = 0xC000 if not each.uid else (failures or {}).get(each.uid, "")
            words = ""
            if reason == "":
                reason, words = self._keep(each, overwrite=overwrite)
            if reason == "":
                stored.append(_reference(each.uid, warning=(warnings or {}).get(each.uid)))
            else:
                failed.append(_reference(each.uid, reason=reason, words=words))
        content: dict[str, Any] = {}
        if stored:
            content[STORED] = {"vr": "SQ", "Value": stored}
        if failed:
            content[FAILED] = {"vr": "SQ", "Value": failed}
        return (200 if not failed else 202 if stored else 409), content

    def _keep(self, each: Sent, *, overwrite: bool) -> tuple[int | str, str]:
        digest = hashlib.sha256(each.part).hexdigest()
        with self.lock:
            before = None if overwrite else self.held.get(each.uid)
            if before and self.duplicates is not Duplicates.LIKE_NEW:
                same = before.part_sha256 == digest
                if not (same and self.duplicates is Duplicates.GOOGLE):
                    return _REFUSALS[self.duplicates]
            self.held[each.uid] = Held(
                digest,
                hashlib.sha256(each.data_set).hexdigest(),
                len(each.part),
                each.part if self.keep_bytes else b"",
            )
            self.stores.append(each.uid)
        return "", ""

    def search(self, path: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Instances by SOPInstanceUID, and by study and series where the path names them."""
        wanted = query.get("SOPInstanceUID", [])
        names = dict(zip(["studies", "series"], re.findall(r"/([0-9.]+)", path), strict=False))
        with self.lock:
            found = [(uid, held) for uid, held in self.held.items() if uid in wanted or not wanted]
        return [
            _reference_of(uid)
            for uid, held in found
            if not held.part or _is_at(held.part, names.get("studies"), names.get("series"))
        ]


_REFUSALS: dict[Duplicates, tuple[int | str, str]] = {
    Duplicates.AZURE: (45070, ""),
    Duplicates.REFUSED: (272, ""),
    Duplicates.BARE_CONFLICT: (272, ""),
    Duplicates.GOOGLE: (272, "already exists, DICOM files differ (checksum mismatch)"),
}


def parts(body: bytes, content_type: str) -> list[Sent]:
    """The parts of multipart/related; ValueError if it is none."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if not found or not content_type.startswith("multipart/related"):
        raise ValueError("no multipart/related")
    delimiter = b"\r\n--" + found[1].encode()
    pieces = (b"\r\n" + body).split(delimiter)
    if pieces[-1] not in {b"--", b"--\r\n"}:
        raise ValueError("no closing delimiter")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Sent:
    headers, _, content = piece.partition(b"\r\n\r\n")
    return Sent(content, headers.strip())


def _reference(
    uid: str, *, warning: int | None = None, reason: object = "", words: str = ""
) -> dict[str, Any]:
    item: dict[str, Any] = {"00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}}
    if uid:
        item["00081155"] = {"vr": "UI", "Value": [uid]}
    if warning is not None:
        item["00081196"] = {"vr": "US", "Value": [warning]}
    if reason not in ("", None):
        item["00081197"] = {"vr": "US", "Value": [reason]}
    if words:
        item["00090010"] = {"vr": "LO", "Value": ["GoogleDICOMv1.0"]}
        item["00090097"] = {"vr": "LT", "Value": [words]}
    return item


def _reference_of(uid: str) -> dict[str, Any]:
    return {"00080018": {"vr": "UI", "Value": [uid]}}


def _is_at(part: bytes, study: str | None, series: str | None) -> bool:
    try:
        found = dcmread(BytesIO(part), stop_before_pixels=True)
    except InvalidDicomError:
        return False
    return all(
        wanted is None or found.get(keyword) == wanted
        for keyword, wanted in (("StudyInstanceUID", study), ("SeriesInstanceUID", series))
    )


def uids(sent: Iterable[Sent]) -> list[str]:
    return [each.uid for each in sent]
