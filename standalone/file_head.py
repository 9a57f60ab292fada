"""What routes look at in a DICOM file (PS3.10), read as the receiver reads a data set."""

import struct
from pathlib import Path

from shared.errors import ProxyError
from shared.head import Head
from shared.head_reader import State
from shared.head_tags import SOP_CLASS_UID
from shared.routing import ATTRIBUTES

PIECE = 64 * 1024  # bytes read at a time
META = 128 + 4 + 12  # preamble, DICM, and the element that has the length of what is left of 0002


class NoInstance(ProxyError):
    """The file holds no DICOM instance, or cannot be read."""


def attributes(path: Path) -> tuple[bool, dict[str, str]]:
    """Whether the head could be read, and the values by name of a route's condition."""
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_file_meta_info

    try:
        meta = read_file_meta_info(path)
        head = Head(str(meta.get("TransferSyntaxUID", "")))
        with path.open("rb") as file:
            file.seek(META + meta.get("FileMetaInformationGroupLength", 0))
            while head.state is State.READING and (piece := file.read(PIECE)):
                head.feed(piece)
    except OSError as error:
        raise NoInstance(f"{path}: {error.strerror}") from None
    except (InvalidDicomError, EOFError, ValueError, NotImplementedError, struct.error):
        raise NoInstance(f"{path}: is no DICOM file") from None
    values = {name: head.values.get(tag, "") for name, tag in ATTRIBUTES.items()}
    stored = str(meta.get("MediaStorageSOPClassUID", ""))
    values["sop_class"] = head.values.get(SOP_CLASS_UID) or stored
    return head.state not in {State.BROKEN, State.ENDLESS}, values
