"""A receiver takes no more memory than it says when it starts, whatever associations send."""

import os
import struct
import zlib
from contextlib import ExitStack
from pathlib import Path

from tests.support.processes import Service
from tests.support.raw_association import (
    CT,
    DEFLATED,
    Asking,
    RawAssociation,
    c_store_rq,
    p_data,
)
from tests.support.receiver_process import receiver
from tests.support.waiting import wait_until

ASSOCIATIONS = 400
LIMITS = ("MAX_ASSOCIATIONS", "MAX_ASSOCIATIONS_PER_AE", "MAX_ASSOCIATIONS_PER_ADDRESS")
KIBIBYTE = 1024


def small(folder: Path) -> Service:
    """With as little as can be for all else that it keeps."""
    limits = {f"RECEIVE__{name}": ASSOCIATIONS for name in LIMITS}
    return receiver(
        folder,
        RECEIVE__MAX_PENDING=1,
        RECEIVE__MAX_BUFFERED=KIBIBYTE * KIBIBYTE,
        HEALTH__PORT=0,
        LOG__LEVEL="info",
        **limits,
    )


def resident(process: int) -> int:
    """Bytes."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * KIBIBYTE


def nameless() -> bytes:
    """The beginning of a deflated data set that does not come to its UIDs soon."""
    deflater = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = struct.pack("<HH2sHI", 0x0008, 0x0001, b"UN", 0, 2**28)
    begun = deflater.compress(head + os.urandom(60_000))
    return begun + deflater.flush(zlib.Z_SYNC_FLUSH)


def test_heads_that_are_held_back_are_within_it(tmp_path: Path) -> None:
    asking = Asking(contexts=((1, CT, (DEFLATED,)),))
    begun = p_data(1, 3, c_store_rq()) + p_data(1, 0, nameless())
    with small(tmp_path) as service, ExitStack() as stack:
        wait_until(lambda: service.events("receiver.started"), 30, "it has started")
        assert service.process
        process = service.process.pid
        [started] = service.events("acceptor.started")
        before = resident(process)

        for _ in range(ASSOCIATIONS):
            modality = stack.enter_context(RawAssociation(int(str(started["port"]))))
            modality.associate(asking)
            modality.send(begun)
        held = ASSOCIATIONS * 80 * KIBIBYTE
        wait_until(lambda: resident(process) - before > held, 40, "all heads are held")

        assert resident(process) - before < int(str(started["memory_bound"]))
