"""Opens files that others may have put something else in the place of."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path


class NotRegular(OSError):
    """A folder, a FIFO, a device or a symbolic link."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "is no regular file")


# Not blocking, and no link: something else may have been put there just now.
CAREFUL = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW

# What an operation says when the folder of a file is no folder any more, or a link to nothing.
NO_SUCH_PLACE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


def gone() -> FileNotFoundError:
    """Of what is there no more, or never was."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def open_regular(path: Path) -> int:
    """A descriptor to read from, of a file and nothing else: a FIFO would keep its reader waiting
    for ever, and a link may lead out of the spool. Raises OSError; NotRegular is one.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotRegular
    return os.open(path, os.O_RDONLY | CAREFUL)


def create_regular(path: Path, flags: int, mode: int) -> int:
    """A descriptor to write to; `flags` as of os.open. Raises OSError; NotRegular is one."""
    return proven(os.open(path, os.O_WRONLY | os.O_CREAT | CAREFUL | flags, mode))


def replace_regular(path: Path, content: str, mode: int) -> None:
    """Write a small file whole and synced, or leave what was there. Raises OSError."""
    partial = path.with_name(f".{path.name}")
    try:
        descriptor = create_regular(partial, os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def proven(descriptor: int) -> int:
    """It, if it is of a regular file; else it is closed. Raises NotRegular."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegular
    return descriptor
