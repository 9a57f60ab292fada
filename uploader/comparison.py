"""Does the origin server hold the same data set? Retrieved by WADO-RS and compared as it streams.

Group 0002 is not compared: servers write their own (PS3.10 7.1).
"""

from collections.abc import Iterable, Iterator

import httpx

from shared.dicomweb.faults import fault_of, faults
from shared.dicomweb.response import LIMIT_EXTENSION
from shared.errors import Unavailable
from uploader.elements import EXPLICIT_LE, header
from uploader.instance import META, PREFIX

# As it is stored: another transfer syntax would be other bytes (PS3.18 8.7.3.5.2).
ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
MARGIN = 1024 * 1024  # bytes that group 0002 and the part's header may have more than ours
LONGEST_HEADER = 64 * 1024
BLOCK = 256 * 1024
CLOSING = (b"", b"\r\n--")  # what may follow the data set: nothing, or the closing delimiter


def holds_the_same(
    client: httpx.Client, uri: str, part10: Iterable[bytes], size: int
) -> bool | None:
    """`part10`: our instance, `size` bytes. None: the server does not show what it has."""
    with (
        faults(),
        client.stream(
            "GET", uri, headers={"Accept": ACCEPT}, extensions={LIMIT_EXTENSION: size + MARGIN}
        ) as response,
    ):
        fault = fault_of(response)
        if isinstance(fault, Unavailable):
            raise fault
        if response.status_code != httpx.codes.OK:
            return None
        theirs = _Bytes(response.iter_bytes())
        if response.headers.get("content-type", "").lower().startswith("multipart/"):
            theirs.skip_past(b"\r\n\r\n")
        ours = _Bytes(part10)
        if not (theirs.skip_group_2() and ours.skip_group_2()):
            return None
        return _equal(ours, theirs)


def _equal(ours: "_Bytes", theirs: "_Bytes") -> bool:
    while block := ours.read(BLOCK):
        if theirs.read(len(block)) != block:
            return False
    return theirs.read(len(CLOSING[1])) in CLOSING


class _Bytes:
    """Reads exactly so many bytes of pieces of any size."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._held = bytearray()

    def read(self, count: int) -> bytes:
        self._fill(count)
        found = bytes(self._held[:count])
        del self._held[:count]
        return found

    def skip_past(self, mark: bytes) -> None:
        """Past the first `mark`; nowhere if there is none near."""
        self._fill(LONGEST_HEADER)
        at = self._held.find(mark)
        del self._held[: at + len(mark) if at >= 0 else 0]

    def skip_group_2(self) -> bool:
        self._fill(META)
        if bytes(self._held[PREFIX]) != b"DICM":
            return False
        del self._held[:META]
        self._fill(LONGEST_HEADER)
        while self._held[:2] == b"\x02\x00":
            element = header(bytes(self._held[:12]), 0, EXPLICIT_LE)
            if element.length > LONGEST_HEADER:
                return False
            self.read(element.header + element.length)
            self._fill(12)
        return True

    def _fill(self, count: int) -> None:
        while len(self._held) < count:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self._held += piece
