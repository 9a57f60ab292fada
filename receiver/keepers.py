"""Threads that wait for the disk, for instances in files of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from shared.errors import SpoolError

KEEPERS = 32  # that sync at once: the disk commits them together


def keepers() -> ThreadPoolExecutor:
    """All of them run already. Where none could be started later, an executor would raise, and have
    another thread do the work all the same, on an instance that was refused meanwhile. Raises
    SpoolError.
    """
    pool = ThreadPoolExecutor(KEEPERS, "keeper")
    together = Barrier(KEEPERS)
    try:
        for _ in range(KEEPERS):
            pool.submit(together.wait)
    except RuntimeError:
        together.abort()
        pool.shutdown()
        raise SpoolError("cannot keep instances: no thread can be started") from None
    return pool
