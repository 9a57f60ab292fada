"""A spool that already holds many instances, as after an outage."""

import os
from datetime import UTC, datetime
from pathlib import Path

from bench.instances import SMALL, uids
from shared.entry import ROUTINE, SUFFIX, name_of

DESTINATION = "default"  # the name of the only one
BEGAN = 1_767_225_600  # seconds since 1970: some midnight before; an instance each second
HOUR = 3600
LINKS = 50_000  # of one file; ext4 allows 65,000


def fill(root: Path, count: int) -> None:
    """Hard links to a few instances: a backlog that costs no space and no minutes of copying."""
    source = root.parent / "backlog"
    source.mkdir()
    for number in range(count):
        original = source / str(number // LINKS)
        if number % LINKS == 0:
            original.write_bytes(SMALL.file(uids()))
            size = original.stat().st_size
        received = BEGAN + number
        if number % HOUR == 0:
            hour = f"{datetime.fromtimestamp(received, UTC):%Y%m%d%H}"
            folder = root / DESTINATION / ROUTINE / hour
            folder.mkdir(parents=True)
        os.link(original, folder / f"{name_of(received * 10**9, 1, size)}{SUFFIX}")
