"""From an OSError of the spool's file system to the one clear line that a log gets."""

import errno
import os

from shared.errors import SpoolError, SpoolFull, SpoolReadOnly

# EFBIG is how a limit on file size (RLIMIT_FSIZE, or the file system's own) shows.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
KINDS = {errno.EROFS: SpoolReadOnly, **dict.fromkeys(FULL, SpoolFull)}


def spool_fault(error: OSError, doing: str) -> SpoolError:
    """`doing` completes "cannot …". Neither it nor the result names a patient."""
    kind = KINDS.get(error.errno or 0, SpoolError)
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return kind(f"cannot {doing}: {reason}")
