"""`python -m tests.fuzz [--seconds N] [--seed N] [--keep] [TARGET…]`: look for what breaks us.

Coverage decides which mutants are mutated further. An input that fails is written down, and the
exit code is 1. `--keep` adds to the corpus what led somewhere new.
"""

import argparse
import hashlib
import random
import sys
import time
import traceback
from pathlib import Path

from shared import logs
from shared.sections import LogSettings
from tests.fuzz.coverage import Coverage, Way
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import CORPUS, inputs
from tests.fuzz.targets import TARGETS

FOUND = Path(".hypothesis/fuzz")  # beside what hypothesis found; not under version control
LONGEST_KEPT = 2048  # bytes of an input worth a place in the repository


class Fuzzer:
    def __init__(self, name: str, seed: int, *, keep: bool) -> None:
        self._name = name
        self._target = TARGETS[name]
        self._chance = random.Random(f"{name} {seed}")
        self._keep = keep
        self._known: set[Way] = set()
        self._pool: list[bytes] = []
        self.runs = 0
        self.failed = 0

    def run(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for data in inputs(self._name):
            self._try(data)
            self._pool.append(data)
        while time.monotonic() < deadline:
            parent = self._chance.choice(self._pool)
            data = mutate(parent, self._chance, self._pool)
            if self._try(data):
                self._pool.append(data)
                self._file(data)

    def __str__(self) -> str:
        return (
            f"{self._name}: {self.runs} inputs, {len(self._pool)} of them new ways, "
            f"{len(self._known)} ways, {self.failed} failed"
        )

    def _try(self, data: bytes) -> bool:
        """Whether it led somewhere new."""
        self.runs += 1
        coverage = Coverage()
        try:
            with coverage:
                self._target(data)
        except Exception:  # noqa: BLE001  of any kind: that is what is looked for
            self.failed += 1
            self._report(data)
        new = coverage.ways - self._known
        self._known |= new
        return bool(new)

    def _report(self, data: bytes) -> None:
        FOUND.mkdir(parents=True, exist_ok=True)
        path = FOUND / f"{self._name}-{_digest(data)}.bin"
        if not path.exists():
            path.write_bytes(data)
            sys.stderr.write(f"{path}\n{traceback.format_exc()}\n")

    def _file(self, data: bytes) -> None:
        if self._keep and len(data) <= LONGEST_KEPT:
            folder = CORPUS / self._name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{_digest(data)}.bin").write_bytes(data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=600.0, help="in all; default %(default)s")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="to do it again")
    parser.add_argument("--keep", action="store_true", help="add what is new to the corpus")
    arguments = parser.parse_args()
    logs.configure(LogSettings(level="error"), "fuzz")
    names = arguments.targets or list(TARGETS)
    failed = 0
    for name in names:
        fuzzer = Fuzzer(name, arguments.seed, keep=arguments.keep)
        fuzzer.run(arguments.seconds / len(names))
        sys.stdout.write(f"{fuzzer}, seed {arguments.seed}\n")
        failed += fuzzer.failed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
