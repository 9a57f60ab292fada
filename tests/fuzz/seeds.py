"""Where mutation starts: well-formed inputs of every kind, and those of the corpus folder."""

import struct
import zlib
from pathlib import Path

from tests.support.raw_association import (
    CT,
    EXPLICIT,
    IMPLICIT,
    VERIFICATION,
    Asking,
    c_echo_rq,
    c_store_rq,
    command,
    element,
    item,
    p_data,
    pdu,
    pdv,
    us,
)

CORPUS = Path(__file__).parent / "corpus"

_ROLE = item(0x54, struct.pack(">H", len(CT)) + CT.encode() + b"\1\1")
_RICH = Asking(
    contexts=[
        (1, CT, (EXPLICIT, IMPLICIT)),
        (3, VERIFICATION, (IMPLICIT,)),
        (5, "1.2.3", ("1.2",)),
    ],
    user_items=item(0x53, bytes(4))
    + _ROLE
    + item(0x55, b"VERSION")
    + item(0x58, b"\2\1\0\1a\0\1b"),
).encode()
_RELEASE, _RELEASED, _ABORT = pdu(5, bytes(4)), pdu(6, bytes(4)), pdu(7, bytes(4))
_STORE = p_data(1, 3, c_store_rq()) + p_data(1, 0, b"data") + p_data(1, 2, b"more")
_FIND = command(element(2, b"1.2.840.10008.5.1.4.31"), us(0x100, 0x20), us(0x110, 2), us(0x800, 0))
_CANCEL = command(us(0x100, 0xFFF), us(0x120, 2), us(0x800, 0x101))
_EXPLICIT_HEAD = b"".join(
    struct.pack("<HH2sH", group, number, b"UI", len(value)) + value
    for group, number, value in (
        (8, 0x16, CT.encode()),
        (8, 0x18, b"1.2.3\0"),
        (0x20, 0xD, b"1.2.4\0"),
    )
)
_IMPLICIT_HEAD = b"".join(
    struct.pack("<HHI", group, number, len(value)) + value
    for group, number, value in ((8, 0x16, b"1.2\0"), (8, 0x18, b"1.3\0"), (0x20, 0xD, b"1.4\0"))
)
_SEQUENCE = (
    struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    + _EXPLICIT_HEAD
    + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
)

SEEDS: dict[str, list[bytes]] = {
    "association": [
        Asking().encode() + _STORE + _RELEASE,
        _RICH + _STORE + p_data(3, 3, c_echo_rq()) + _RELEASE,
        _RICH + p_data(1, 3, _FIND) + p_data(1, 2, b"id") + p_data(1, 3, _CANCEL) + _STORE + _ABORT,
        _RICH + pdu(4, pdv(1, 3, c_store_rq()) + pdv(1, 2, b"data")) * 4 + _RELEASE,
        _RICH + p_data(1, 1, c_store_rq()[:20]) + p_data(1, 3, c_store_rq()[20:]) + _RELEASED,
        Asking(version=2).encode() + _RICH,
    ],
    "request": [Asking().encode()[6:], _RICH[6:]],
    "command": [c_store_rq(), c_echo_rq(), _FIND, _CANCEL],
    "head": [
        b"\7" + _EXPLICIT_HEAD,
        b"\7" + _SEQUENCE + _EXPLICIT_HEAD,
        b"\0" + _IMPLICIT_HEAD,
        b"\1" + zlib.compress(_EXPLICIT_HEAD, wbits=-15),
        b"\2" + _EXPLICIT_HEAD,
    ],
}


def inputs(target: str) -> list[bytes]:
    kept = sorted((CORPUS / target).glob("*.bin"))
    return SEEDS[target] + [path.read_bytes() for path in kept]
