"""Where on the disk a site lies: not where the last one was deleted.

ext4 gives the files of a folder inodes near it, and without a journal passes over those that were
deleted in the last minutes, one by one: after some thousand deletions, making a file takes half a
millisecond, whoever makes it. A top-level folder (chattr +T) has its subfolders spread out instead.
"""

import array
import contextlib
import fcntl
import os
from pathlib import Path

GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602  # FS_IOC_GETFLAGS and FS_IOC_SETFLAGS of Linux
TOP_LEVEL = 0x00020000  # FS_TOPDIR_FL


def spread(folder: Path) -> None:
    """Have new subfolders spread over the disk, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        flags = array.array("L", [0])
        with contextlib.suppress(OSError):  # not ext4
            fcntl.ioctl(descriptor, GET_FLAGS, flags)
            flags[0] |= TOP_LEVEL
            fcntl.ioctl(descriptor, SET_FLAGS, flags)
    finally:
        os.close(descriptor)
