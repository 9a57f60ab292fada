"""A process that has all the file descriptors it may have."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

FEW = 3  # 0 to 2 are in use; with a lower limit poll(2) would fail too


@contextmanager
def none_left(*, but: int = 0) -> Iterator[None]:
    """For this process; `but` so many."""
    free = [os.open(os.devnull, os.O_RDONLY) for _ in range(but)]  # each the lowest there was
    for each in free:
        os.close(each)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max([FEW, *(each + 1 for each in free)]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def none_left_to(process: int) -> Iterator[None]:
    """For another one. Linux."""
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (FEW, hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))
