"""`python -m tests.fuzz.guided TARGET [option of libFuzzer…]`: the same targets under atheris.

libFuzzer sees our bytecode's branches and comparisons, and so finds values that a comparison waits
for. What fails is written down as `crash-…`; the exit code is then not 0.
"""

import sys
from pathlib import Path

import atheris

from tests.fuzz.seeds import inputs

WORK = Path(".hypothesis/fuzz")  # beside what else was found; not under version control

with atheris.instrument_imports(include=["shared.dimse", "shared.head"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"one of: {', '.join(TARGETS)}")
    pool = WORK / f"{name}.pool"
    pool.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs(name)):
        (pool / f"seed-{number}").write_bytes(data)
    argv = [sys.argv[0], str(pool), f"-artifact_prefix={WORK}/{name}-", *options]
    atheris.Setup(argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
