"""The head of a Part 10 file (PS3.10 7.1): what a Store transaction must know, in microseconds."""

import io
import re
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared import kept
from shared.dicomweb.qido import Place
from shared.regular import NotRegular
from uploader.elements import (
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    UNDEFINED,
    Encoding,
    Malformed,
    elements,
    header,
    skip,
)

IMPLICIT_VR_LE = "1.2.840.10008.1.2"
EXPLICIT_VR_BE = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
# All others are Explicit VR LE outside their pixel data (PS3.5 A.4).
ENCODINGS = {IMPLICIT_VR_LE: IMPLICIT_LE, EXPLICIT_VR_BE: EXPLICIT_BE}

HEAD = 4096  # bytes; group 0002 and the SOP Instance UID take some 400 of them
LONGEST_HEAD = 1024 * 1024  # private information (0002,0102) may be long, and so may group 0008
PREFIX = slice(128, 132)
META = 132
MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
TRANSFER_SYNTAX_UID = 0x00020010
GROUP_LENGTH = 0x00020000
SOP_INSTANCE_UID = 0x00080018
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
# What may stand in a path. Some devices have letters in UIDs; but no slash, no question mark and
# nothing percent-encoded: a front end decodes those, and so a device would choose the resource.
_SEGMENT = re.compile(r"(?!\.+$)[0-9A-Za-z._-]+")


class NotAnInstance(Exception):
    """Its text says why, without a word of the content."""


@dataclass(frozen=True, slots=True)
class Instance:
    path: Path
    size: int
    sop_instance_uid: str
    transfer_syntax: str
    data_set: int  # its offset in the file
    meta_within: bool = False  # whether its data set begins with elements of group 0002 too

    @property
    def encoding(self) -> Encoding:
        return ENCODINGS.get(self.transfer_syntax, EXPLICIT_LE)


def read_instance(path: Path) -> Instance:
    """Raises NotAnInstance, and OSError."""
    try:
        with kept.opened(path) as file:
            for length in (HEAD, LONGEST_HEAD):
                head = file.read(length, 0)
                if instance := _parse(path, file.size, head):
                    return instance
    except NotRegular as error:
        raise NotAnInstance(error.strerror) from None
    raise NotAnInstance("has no complete group 0002")


def uid_inside(read: Callable[[int], bytes]) -> str:
    """The SOP Instance UID of a file's data set; empty where it has none. `read`: so many bytes of
    its beginning. Raises OSError.
    """
    for length in (HEAD, LONGEST_HEAD):
        head = read(length)
        with suppress(struct.error):
            meta, offset = _meta(head)
            syntax = _uid(meta.get(TRANSFER_SYNTAX_UID, b""))
            if (uid := _data_set_uid(head[offset:], syntax)) is not None:
                return uid
    return ""


def _parse(path: Path, size: int, head: bytes) -> Instance | None:
    """None if the head is too short."""
    if head[PREFIX] != b"DICM":
        raise NotAnInstance("is no DICOM Part 10 file")
    try:
        meta, offset = _meta(head)
    except struct.error:
        return None
    if offset > len(head) or (offset == len(head) and offset < size):
        return None
    syntax = _uid(meta.get(TRANSFER_SYNTAX_UID, b""))
    named = _uid(meta.get(MEDIA_STORAGE_SOP_INSTANCE_UID, b""))
    uid = _data_set_uid(head[offset:], syntax)
    if uid is None and len(head) < min(size, LONGEST_HEAD):
        return None
    if not syntax or not (uid or named):
        raise NotAnInstance(f"has no {'SOP Instance' if syntax else 'Transfer Syntax'} UID")
    group = b"\0\2" if syntax == EXPLICIT_VR_BE else b"\2\0"
    within = syntax != DEFLATED and head.startswith(group, offset)
    return Instance(path, size, uid or named, syntax, offset, within)


def _meta(head: bytes) -> tuple[dict[int, bytes], int]:
    """The elements of group 0002, and where they end: where the first says, else with the last.
    What a device put into a data set is none of them. Raises struct.error if the head is too short.
    """
    meta: dict[int, bytes] = {}
    offset, end = META, 0
    while offset != end and head[offset : offset + 2] == b"\x02\x00":
        element = header(head, offset, EXPLICIT_LE)
        begin = offset + element.header
        offset = begin + element.length
        meta[element.tag] = head[begin:offset]
        if element.tag == GROUP_LENGTH:
            end = offset + int.from_bytes(meta[GROUP_LENGTH], "little")
    return meta, offset


def _data_set_uid(data: bytes, syntax: str) -> str | None:
    """The UID that the origin server will name, even where group 0002 disagrees; empty if there is
    none, None if the head is too short to tell.
    """
    if syntax == DEFLATED:
        data = _inflated(data, LONGEST_HEAD if len(data) > HEAD else HEAD)
    encoding = ENCODINGS.get(syntax, EXPLICIT_LE)
    offset = 0
    try:
        while True:
            element = header(data, offset, encoding)
            offset += element.header
            if element.tag > SOP_INSTANCE_UID:
                return ""
            if element.length == UNDEFINED:
                stream = io.BytesIO(data)
                stream.seek(offset)
                skip(stream, element, encoding)
                offset = stream.tell()
                continue
            end = offset + element.length
            if element.tag == SOP_INSTANCE_UID:
                return _uid(data[offset:end]) if end <= len(data) else None
            offset = end
    except (struct.error, Malformed):  # Malformed: it ends within a sequence
        return None


def place(instance: Instance) -> Place | None:
    """Where the instance belongs in the Studies resources; None if its head does not say, or has
    what is no UID and might lead to another resource.
    """
    with kept.opened(instance.path) as file:  # whole, if it is not too long: then it is proven
        data = file.read(instance.data_set + LONGEST_HEAD, 0)[instance.data_set :]
    if instance.transfer_syntax == DEFLATED:
        data = _inflated(data, LONGEST_HEAD)
    found = {}
    stream = io.BytesIO(data)
    try:
        for element in elements(stream, instance.encoding):
            if element.tag > SERIES_INSTANCE_UID:
                break
            if element.tag in {STUDY_INSTANCE_UID, SERIES_INSTANCE_UID}:
                found[element.tag] = _uid(stream.read(min(element.length, HEAD)))
    except Malformed:
        return None
    study, series = found.get(STUDY_INSTANCE_UID, ""), found.get(SERIES_INSTANCE_UID, "")
    there = Place(study, series, instance.sop_instance_uid)
    return there if all(map(_SEGMENT.fullmatch, there)) else None


def _inflated(data: bytes, length: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, length)
    except zlib.error:
        return b""


def _uid(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\0 ")
