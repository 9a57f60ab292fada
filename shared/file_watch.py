"""Has this process read its settings again when their file has changed, as SIGHUP does.

A file is looked at by its name, so that a mounted ConfigMap is followed, whose folder is a symbolic
link that is put elsewhere at once.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from shared.file_look import look

BEGUN = time.time_ns()  # of this process, more or less, and before it reads its settings


@contextlib.contextmanager
def watching(file: Path, every: float) -> Iterator[None]:
    """While inside: SIGHUP to this process once the file has changed, and no more in `every`
    seconds: who writes it may not be done. 0: never.
    """
    if not every:
        yield
        return
    ended = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(file, every, ended), name="file-watch", daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(file: Path, every: float, ended: threading.Event) -> None:
    last = look(file)
    # What changed while we started may have been read before, and may not.
    read = last if last and last.modified < BEGUN else None
    while not ended.wait(every):
        now = look(file)
        if now and now == last != read and _handled():
            read = now
            os.kill(os.getpid(), signal.SIGHUP)
        last = now


def _handled() -> bool:
    """Whether SIGHUP would not end the process, as it does where nobody handles it yet."""
    return signal.getsignal(signal.SIGHUP) not in {signal.SIG_DFL, None}
