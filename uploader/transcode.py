"""Instances that cannot go as they are, converted before they are sent: those in a transfer syntax
that web services forbid, and those whose data set begins with what belongs to a file alone.
"""

import contextlib
import os
import shutil
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from shared import kept
from shared.dicomweb.multipart import Part
from uploader.elements import EXPLICIT_LE, Malformed, header, next_element, skip
from uploader.explicit import FromBigEndian, FromDeflated, FromImplicit, Rewriter
from uploader.instance import (
    DEFLATED,
    EXPLICIT_VR_BE,
    GROUP_LENGTH,
    IMPLICIT_VR_LE,
    META,
    TRANSFER_SYNTAX_UID,
    Instance,
    uid_inside,
)

META_GROUP, FIRST_GROUP = 0x0002, 0x0008  # of a file; of a data set
EXPLICIT_VR_LE = b"1.2.840.10008.1.2.1\0"  # padded to an even length (PS3.5 6.2)
FORBIDDEN: dict[str, Callable[[BinaryIO, BinaryIO], Rewriter]] = {  # PS3.18 8.7.3
    IMPLICIT_VR_LE: FromImplicit,
    EXPLICIT_VR_BE: FromBigEndian,
    DEFLATED: FromDeflated,
}


class Transcoder:
    """What the instances of one request become; its only file has no name and ends with it.

    Beside the spool's files, not in /tmp, which in a container is memory.
    """

    def __init__(self) -> None:
        self._file: BinaryIO | None = None

    def part(self, instance: Instance, *, explicit: bool = True) -> Part:
        """As of convert. Raises elements.Malformed, OSError."""
        descriptor = self._opened(kept.folder(instance.path)).fileno()
        begin = os.lseek(descriptor, 0, os.SEEK_END)
        try:
            # A buffer of its own: what a full disk did not take must not come out later.
            with os.fdopen(os.dup(descriptor), "wb") as target:
                convert(instance, target, explicit=explicit)
            _prove(instance, lambda length: os.pread(descriptor, length, begin))
        except BaseException:
            os.ftruncate(descriptor, begin)
            raise
        size = os.lseek(descriptor, 0, os.SEEK_END) - begin
        return Part(instance.path, size, descriptor, begin)

    def close(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):  # NFS tells of a full disk only here
                self._file.close()

    def _opened(self, folder: Path) -> BinaryIO:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115  # close()
        return self._file


def convert(instance: Instance, target: BinaryIO, *, explicit: bool = True) -> None:
    """Write the instance, without group 0002 in its data set; `explicit`: as Explicit VR Little
    Endian, where it is in a syntax that web services forbid.
    """
    rewriter = FORBIDDEN.get(instance.transfer_syntax) if explicit else None
    with kept.stream(instance.path) as source:
        head = source.read(instance.data_set)
        target.write(_meta(head) if rewriter else head)
        if instance.meta_within:
            _pass_over_meta(source, instance)
        if rewriter:
            rewriter(source, target).rewrite()
        else:
            shutil.copyfileobj(source, target)


def _pass_over_meta(source: BinaryIO, instance: Instance) -> None:
    """Whoever reads the file would take it for the file's own (PS3.10 7.1). Raises Malformed."""
    at = source.seek(instance.data_set)
    while (element := next_element(source, instance.encoding)) and element.tag >> 16 == META_GROUP:
        skip(source, element, instance.encoding)
        at = source.tell()
    if element is None or element.tag >> 16 != FIRST_GROUP:
        raise Malformed("has no data set behind it")
    source.seek(at)


def _prove(instance: Instance, read: Callable[[int], bytes]) -> None:
    """One that is not in its transfer syntax may become anything, or nothing. Raises Malformed."""
    if uid_inside(read) != instance.sop_instance_uid:
        raise Malformed("does not become the same instance")


def _meta(head: bytes) -> bytes:
    """Preamble and group 0002 as they are, but for the transfer syntax and the group's length."""
    group: list[bytes] = []
    offset = META
    while offset < len(head):
        element = header(head, offset, EXPLICIT_LE)
        end = offset + element.header + element.length
        if element.tag == TRANSFER_SYNTAX_UID:
            group.append(struct.pack("<HH2sH", 0x0002, 0x0010, b"UI", len(EXPLICIT_VR_LE)))
            group.append(EXPLICIT_VR_LE)
        elif element.tag != GROUP_LENGTH:
            group.append(head[offset:end])
        offset = end
    meta = b"".join(group)
    return head[:META] + struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(meta)) + meta
