"""Spools for tests: small, on a folder of the test's own."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared import kept, pool, segment
from shared.entry import Entry
from shared.record import Record
from shared.sender import Sender
from shared.spool import Spool
from shared.spool_sections import SpoolSettings


def open_spool(path: Path, *, sync: bool = True) -> Spool:
    spool = Spool(SpoolSettings(path=path, sync=sync, soft_reserve=0, hard_reserve=0))
    spool.open()
    return spool


def keep(
    spool: Spool,
    data: bytes,
    destinations: Sequence[str] = ("cloud",),
    *,
    urgent: bool = False,
    sender: Sender | None = None,
) -> list[Entry]:
    """`sender`: remembered for each destination."""
    reception = spool.receive()
    reception.write(data)
    senders = dict.fromkeys(destinations, sender) if sender else {}
    return reception.keep(destinations, urgent=urgent, senders=senders)


def waiting(root: Path, destination: str = "default") -> list[Path]:
    """What a spool holds for a destination, whoever keeps it."""
    spool = Spool(SpoolSettings(path=root))
    return [spool.file(each) for each in spool.scan(destination)]


def content(path: Path) -> bytes:
    """Of a kept instance."""
    with kept.opened(path) as instance:
        return instance.read(instance.size, 0)


def files_below(folder: Path) -> set[str]:
    """Every file that holds anything, as a relative path, but the spool's own marks and what waits
    to be written again; of segments the instances.
    """
    below = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return {
        path
        for each in below  # what goes while this looks is not there
        if each.is_file() and each.name != ".version" and not _is_empty_partial(each)
        if each.parent.name not in {".ledger", pool.FOLDER}
        for path in _held(folder, each)
    }


def _held(folder: Path, file: Path) -> Iterator[str]:
    path = str(file.relative_to(folder))
    if file.suffix != segment.SUFFIX:
        yield path
        return
    for found in kept.records(file):
        assert isinstance(found, Record)
        yield kept.path_in(path, found.offset, found.name)


def _is_empty_partial(file: Path) -> bool:
    """Spare files come and go while they are looked at."""
    try:
        return file.parent.name == ".incoming" and file.stat().st_size == 0
    except FileNotFoundError:
        return True
