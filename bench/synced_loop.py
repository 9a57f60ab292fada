"""What the disk allows: threads that write, sync, rename and sync the directory, and do no more."""

import os
import threading
import time
from pathlib import Path

from bench.instances import Kind
from bench.load import percentile
from bench.plan import Measured
from bench.site import Site

THREADS = 4


def measure(kind: Kind, seconds: float) -> Measured:
    took: list[float] = []
    with Site() as site:
        folder = site.made("loop")
        end = time.monotonic() + seconds
        content = kind.pixels(0)
        threads = [
            threading.Thread(target=_loop, args=(folder, number, content, end, took))
            for number in range(THREADS)
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed = time.monotonic() - began
    return {
        "instances_per_s": len(took) / passed,
        "p50_ms": percentile(sorted(took), 0.50),
        "p99_ms": percentile(sorted(took), 0.99),
        "instances": len(took),
    }


def _loop(folder: Path, thread: int, content: bytes, end: float, took: list[float]) -> None:
    directory = os.open(folder, os.O_RDONLY)
    number = 0
    while (began := time.monotonic()) < end:
        number += 1
        partial, kept = folder / f".{thread}-{number}", folder / f"{thread}-{number}"
        file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(file, content)
        os.fsync(file)
        os.close(file)
        partial.rename(kept)
        os.fsync(directory)
        took.append(time.monotonic() - began)
    os.close(directory)
