"""Bytecodes that the interpreter executes for each instance that is received: no other load on the
machine changes them. `python -m bench.bytecodes MR synced` says which functions they are of.

The receiver runs in this process, on a transport that passes its bytes on by itself.
"""

import asyncio
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, cast

from bench.driver import run
from bench.instances import CT, EXPLICIT_VR_LITTLE_ENDIAN, KINDS, MR, Kind, uids
from bench.peers.ours import PREFIX
from bench.plan import Measured, Plan, record
from bench.results import Results
from bench.site import ROOT
from bench.store_message import StoreMessages
from bench.upper_layer import LARGEST_PDU, associate_rq
from receiver.storage import router
from receiver.store import StorageService
from shared import logs
from shared.config import Settings, load
from shared.dimse.connection import Connection
from shared.dimse.entity import Entity, admit_all
from shared.needs import NOTHING
from shared.spool import Spool

SUITE = "bytecodes"
OURS = "proxy"
ASSOCIATIONS = 4
BEFORE, COUNTED = 50, 50  # instances of each association: what is remembered comes first
SYNCED, UNSYNCED = "synced", "unsynced"
SHOWN = 40  # functions
COUNTED_IN = tuple(f"{ROOT}/{each}/" for each in ("receiver", "shared"))

Function = tuple[str, str, str]  # thread, file, name


class Counts:
    """While it counts everything takes a hundred times as long."""

    def __init__(self) -> None:
        self.bytecodes: Counter[Function] = Counter()
        self.calls: Counter[Function] = Counter()
        self._counting = False

    @contextmanager
    def counting(self) -> Iterator[None]:
        self._counting = True
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(None)
            self._counting = False

    @contextmanager
    def in_threads(self) -> Iterator[None]:
        """Count in those that start meanwhile, too."""
        threading.settrace(self._called)
        try:
            yield
        finally:
            threading.settrace(cast("Any", None))

    def _called(self, frame: FrameType, event: str, argument: object) -> Any:
        del event, argument
        if not self._counting:
            return None
        file = frame.f_code.co_filename
        if not file.startswith(COUNTED_IN):
            return None  # the bench itself, and asyncio's loop in place of uvloop's
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        name = str(Path(file).relative_to(ROOT))
        function = threading.current_thread().name, name, frame.f_code.co_name
        self.calls[function] += 1
        return partial(self._executed, function)

    def _executed(self, function: Function, frame: FrameType, event: str, _: object) -> Any:
        del frame
        if event == "opcode":
            self.bytecodes[function] += 1
        return partial(self._executed, function)


class _Transport:
    """What an answer comes out of."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def write(self, data: bytes) -> None:
        del data
        self.answered.set()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("127.0.0.1", 1) if name == "peername" else default

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def abort(self) -> None: ...


class _Modality:
    def __init__(self, entity: Entity, kind: Kind) -> None:
        self._transport = _Transport()
        self._connection = Connection(entity)
        self._connection.connection_made(cast("asyncio.BaseTransport", self._transport))
        self._messages = StoreMessages(kind, uids(), context=1, max_pdu=LARGEST_PDU)
        contexts = [(kind.sop_class, (EXPLICIT_VR_LITTLE_ENDIAN,))]
        self._request = associate_rq("BENCH", "LOAD", contexts)

    async def associate(self) -> None:
        await self._say(self._request)

    async def store(self, count: int) -> None:
        for _ in range(count):
            _, head = self._messages.next()
            await self._say(head + self._messages.tail)

    async def _say(self, data: bytes) -> None:
        self._transport.answered.clear()
        self._connection.get_buffer(-1)[: len(data)] = data
        self._connection.buffer_updated(len(data))
        await self._transport.answered.wait()


def measure(plan: Plan, results: Results) -> None:
    for kind, how in product((CT, MR), (SYNCED, UNSYNCED)):
        for number in range(1 if plan.quick else plan.runs):
            work = partial(_counted, kind, how)
            record(results, SUITE, f"{kind.name}, {how}", OURS, number, work)


def _counted(kind: Kind, how: str) -> Measured:
    return run("bench.bytecodes", json.dumps([kind.name, how]))


async def count(kind: Kind, folder: Path, *, sync: bool) -> tuple[Counts, int]:
    """And of how many instances."""
    counts, kept = Counts(), [0]
    settings = _settings(folder / "spool", sync=sync)
    logs.configure(settings.log, "receiver")
    spool = Spool(settings.spool)
    spool.open()

    def announce(entries: Sequence[object]) -> None:
        kept[0] += len(entries)

    with counts.in_threads():
        service = StorageService(spool, router(settings), announce, sync=sync)
    entity = Entity([service], settings.receive, admit_all)
    modalities = [_Modality(entity, kind) for _ in range(ASSOCIATIONS)]
    for each in modalities:
        await each.associate()
    await asyncio.gather(*(each.store(BEFORE) for each in modalities))
    before = kept[0]
    with counts.counting():
        await asyncio.gather(*(each.store(COUNTED) for each in modalities))
    service.close()
    return counts, kept[0] - before


def _settings(spool: Path, *, sync: bool) -> Settings:
    values = {
        "SPOOL__PATH": spool,
        "SPOOL__SYNC": sync,
        "UPLOAD__URI": "http://127.0.0.1:9/studies",
    }
    os.environ.update({f"{PREFIX}{key}": str(value) for key, value in values.items()})
    return load(None, NOTHING)


def main(arguments: Sequence[str]) -> None:
    asked = arguments if len(arguments) > 1 else json.loads(arguments[0])
    kind, how = KINDS[asked[0]], asked[1]
    with TemporaryDirectory(dir=ROOT / "bench" / "results") as folder:
        counts, number = asyncio.run(count(kind, Path(folder), sync=how == SYNCED))
    if len(arguments) > 1:
        for function, bytecodes in counts.bytecodes.most_common(SHOWN):
            print(f"{bytecodes / number:8.1f} {counts.calls[function] / number:6.2f}", *function)
        return
    figures = {
        "bytecodes": counts.bytecodes.total() / number,
        "calls": counts.calls.total() / number,
        "instances": number,
    }
    print(json.dumps({**figures, "errors": []}))


if __name__ == "__main__":
    main(sys.argv[1:])
