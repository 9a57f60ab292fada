"""How much of the spool's file system is left free, where the settings do not say: less on a small
volume, on which a fixed reserve would turn every modality away.
"""

import os
from pathlib import Path
from typing import NamedTuple

from shared.destination import MEBIBYTE
from shared.spool_sections import SpoolSettings

SOFT_AT_MOST, SOFT_SHARE = 2048 * MEBIBYTE, 10  # bytes, and the part of the volume: a tenth
HARD_AT_MOST, HARD_SHARE = 512 * MEBIBYTE, 40  # what 1 GB/s takes while nobody looks; a fortieth


class Reserves(NamedTuple):
    """Bytes."""

    soft: int
    hard: int


class Space(NamedTuple):
    """Bytes of a file system, and what of them is to be left."""

    size: int
    free: int
    reserves: Reserves


def space(settings: SpoolSettings) -> Space:
    """Of the spool, or of where it will be. Raises OSError."""
    root = settings.path.absolute()
    return space_at(next(each for each in (root, *root.parents) if each.exists()), settings)


def space_at(root: Path, settings: SpoolSettings) -> Space:
    """Raises OSError."""
    found = os.statvfs(root)
    size = found.f_blocks * found.f_frsize
    return Space(size, found.f_bavail * found.f_frsize, reserves(settings, size))


def reserves(settings: SpoolSettings, size: int) -> Reserves:
    """Of a volume of that many bytes. What is set holds; the other one never contradicts it."""
    soft, hard = settings.soft_reserve, settings.hard_reserve
    if soft is None:
        soft = max(min(SOFT_AT_MOST, size // SOFT_SHARE), hard or 0)
    if hard is None:
        hard = min(HARD_AT_MOST, size // HARD_SHARE, soft)
    return Reserves(soft, hard)
