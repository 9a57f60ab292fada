"""What changes with a file: secrets and settings are rewritten, replaced, or links swapped."""

from pathlib import Path
from typing import NamedTuple


class Seen(NamedTuple):
    """In ns since 1970, and bytes."""

    inode: int
    modified: int
    changed: int  # who may read it, too: root copies a file, and gives it to us after that
    size: int


Look = Seen | None  # None: it cannot be looked at


def look(file: Path) -> Look:
    try:
        found = file.stat()
    except OSError:
        return None
    return Seen(found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
