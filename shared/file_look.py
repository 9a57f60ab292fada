"""What changes with a file: secrets and settings are rewritten, replaced, or links swapped."""

from pathlib import Path

Look = (
    tuple[int, int, int] | None
)  # inode, time of change in ns, size; None: it cannot be looked at


def look(file: Path) -> Look:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
