"""The name of a kept instance: all that is known of it without opening the file.

<destination>/<urgent|routine>/<YYYYMMDDHHMMSS>/<received, ns, hex><process, hex>~<size><sender>.dcm

In a segment (see shared.kept) the third part is
<YYYYMMDDHHMMSS>-<process, hex>-<number, hex>.seg/<offset, hex>.

`sender` is there where the destination's URI depends on it: ~<called AE>~<calling AE>~<modality>,
percent-encoded.

A name is unique per reception, never a SOP Instance UID: a second, different copy of an instance
must not be deleted by the first one's success. Names sort by the time of reception.
"""

import re
import time
from dataclasses import dataclass
from typing import Self

from shared.sender import ENCODED, Sender

DESTINATION = r"[a-z0-9][a-z0-9_-]{0,39}"  # as shared.destination allows
URGENT, ROUTINE = "urgent", "routine"
FOLDER = r"[0-9]{10}(?:[0-9]{4})?"
OFFSET = r"[0-9a-f]{8}"  # in a segment
SEGMENT = r"[0-9]{14}-[0-9a-f]{8}(?:-[0-9a-f]{8})?\.seg"
RECEPTION = r"[0-9a-f]{24}~[0-9]{1,19}"
NAME = rf"{RECEPTION}(?:{ENCODED})?"
SUFFIX = ".dcm"

_PATH = re.compile(
    rf"{DESTINATION}/(?:{URGENT}|{ROUTINE})/(?:{FOLDER}|{SEGMENT}/{OFFSET})/{NAME}\.dcm",
    re.ASCII,
)
_TIME_DIGITS = 16  # of 64 bits of nanoseconds since 1970


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept instance for one destination. Only well-formed paths become entries, so that
    nothing that comes back from Redis can point outside the spool.
    """

    path: str  # relative to the spool's root
    size: int  # bytes

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise ValueError("not the path of a spooled instance")

    @classmethod
    def at(cls, path: str) -> Self:
        """The entry of a path; the size is in it. Raises ValueError for any other path."""
        name = path.rpartition("/")[2].removesuffix(SUFFIX)
        return cls(path, size_of(name))

    @property
    def destination(self) -> str:
        return self.path.partition("/")[0]

    @property
    def urgent(self) -> bool:
        return self.path.split("/", 2)[1] == URGENT

    @property
    def name(self) -> str:
        """Without folder and suffix."""
        return self.path.rpartition("/")[2].removesuffix(SUFFIX)

    @property
    def reception(self) -> str:
        """The part of the name that all destinations of an instance have in common."""
        return "~".join(self.name.split("~")[:2])

    @property
    def sender(self) -> Sender:
        """Nobody known, where the name does not say."""
        return sender_of(self.name)

    @property
    def received(self) -> float:
        """When the instance was complete, in seconds since 1970."""
        return received_at(self.name)

    def at_home_in(self, destination: str) -> "Entry":
        """Where it belongs there whoever moves it, and whenever: of one reception there must not be
        two in a destination. A folder for each minute of reception.
        """
        folder = time.strftime("%Y%m%d%H%M00", time.gmtime(self.received))
        priority = URGENT if self.urgent else ROUTINE
        return Entry(f"{destination}/{priority}/{folder}/{self.name}{SUFFIX}", self.size)


def sender_of(name: str) -> Sender:
    """Nobody known, for what is no name of ours too."""
    return Sender.decoded("".join(f"~{each}" for each in name.split("~")[2:]))


def size_of(name: str) -> int:
    """Bytes; 0 for what is no name of ours."""
    size = f"{name}~".split("~")[1]
    return int(size) if size.isascii() and size.isdigit() else 0


def received_at(name: str) -> float:
    return int(name[:_TIME_DIGITS], 16) / 1e9


def name_of(received_ns: int, process: int, size: int) -> str:
    return f"{received_ns:016x}{process:08x}~{size}"
