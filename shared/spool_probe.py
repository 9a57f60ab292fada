"""Proof, at start, that a folder can do what a spool needs: write, sync, hard-link, rename."""

import os
import secrets
from pathlib import Path

from shared.errors import SpoolError
from shared.incoming import FOLDER, MODE
from shared.sync import sync_data, sync_folder


def probe(root: Path, *, sync: bool) -> None:
    """Raises OSError for what fails, SpoolError where instances would cross file systems."""
    _one_file_system(root)
    folder = root / FOLDER
    written = folder / f".probe-{secrets.token_hex(8)}"
    linked, renamed = Path(f"{written}-link"), Path(f"{written}-name")
    try:
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        try:
            os.write(descriptor, b"probe")
            if sync:
                sync_data(descriptor)
        finally:
            os.close(descriptor)
        os.link(written, linked)
        linked.rename(renamed)
        if sync:
            sync_folder(str(folder))
    finally:
        for each in (written, linked, renamed):
            each.unlink(missing_ok=True)


def _one_file_system(root: Path) -> None:
    """A rename across file systems is none, and a link is impossible."""
    device = root.stat().st_dev
    for each in root.iterdir():
        if each.is_dir() and each.stat().st_dev != device:
            raise SpoolError(f"{each}: is on another file system than {root}; a spool needs one")
