"""The version of what a folder holds, in a file of its own."""

import secrets
from pathlib import Path

from shared.errors import SpoolError

FILE = ".version"


def check_version(folder: Path, known: int) -> None:
    """What a later version wrote is not ours to read: what we overlook would be lost. A folder
    without a version, and of an earlier one, gets ours: the earlier program would not know what we
    add. Raises SpoolError, OSError.
    """
    found = refuse_later(folder, known)
    if found is None or found < known:
        _write(folder / FILE, known)


def refuse_later(folder: Path, known: int) -> int | None:
    """The version that it has. Touches nothing. Raises SpoolError, OSError, as check_version."""
    file = folder / FILE
    try:
        found = file.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        found = ""
    if not found.isdigit():
        raise SpoolError(f"{file}: is not the version of a layout")
    if int(found) > known:
        raise SpoolError(
            f"{folder}: was written by a later version (layout {found}, this one knows {known})"
        )
    return int(found)


def _write(file: Path, version: int) -> None:
    written = file.with_name(f"{FILE}-{secrets.token_hex(4)}")
    written.write_text(f"{version}\n", "ascii")
    written.rename(file)  # whole at once: other processes open the folder as well
