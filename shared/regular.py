"""Opens files that others may have put something else in the place of."""

import errno
import os
import stat
from pathlib import Path


class NotRegular(OSError):
    """A folder, a FIFO, a device or a symbolic link."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "is no regular file")


def open_regular(path: Path) -> int:
    """A descriptor to read from, of a file and nothing else: a FIFO would keep its reader waiting
    for ever, and a link may lead out of the spool. Raises OSError; NotRegular is one.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotRegular
    # Not blocking, and no link: it may have been put there just now.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
