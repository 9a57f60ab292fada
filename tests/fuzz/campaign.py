"""`python -m tests.fuzz.campaign [--seconds N] [option…]`: both fuzzers, and one sentence.

Our own fuzzer has a fifth of the time, for all targets together, and libFuzzer a fifth for each of
its four targets, or a half where one of them is named; without atheris our own has all of it. What
libFuzzer says on its way goes to a file.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

WORK = Path(".hypothesis/fuzz")  # as in tests.fuzz.guided
GUIDED = ("association", "request", "command", "head")
TAIL = 30  # lines of libFuzzer that are shown of a failure

OURS = re.compile(r": (\d+) inputs, .* (\d+) failed")
THEIRS = re.compile(r"^Done (\d+) runs", re.MULTILINE)
LAST = re.compile(r"^#(\d+)\s", re.MULTILINE)  # of one that was broken off


def own(seconds: float, options: list[str]) -> tuple[int, int]:
    """How many inputs there were, and how many failed."""
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", str(seconds), *options]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    sys.stdout.write(done.stdout)
    sys.stdout.flush()
    found = OURS.findall(done.stdout)
    failed = sum(int(failed) for _, failed in found)
    return sum(int(inputs) for inputs, _ in found), failed or int(done.returncode != 0)


def guided(target: str, seconds: int) -> tuple[int, int]:
    WORK.mkdir(parents=True, exist_ok=True)
    log = WORK / f"{target}.log"
    command = [sys.executable, "-m", "tests.fuzz.guided", target, f"-max_total_time={seconds}"]
    with log.open("wb") as output:
        code = subprocess.run(command, check=False, stdout=output, stderr=output).returncode
    text = log.read_text("utf-8", "replace")
    runs = THEIRS.findall(text) or LAST.findall(text)[-1:] or ["0"]
    sys.stdout.write(f"libFuzzer, {target}: {runs[0]} inputs, {int(code != 0)} failed: {log}\n")
    sys.stdout.flush()
    if code:
        sys.stderr.writelines(f"{line}\n" for line in text.splitlines()[-TAIL:])
    return int(runs[0]), int(code != 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.campaign", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="in all; default %(default)s")
    arguments, options = parser.parse_known_args()
    wanted = [each for each in GUIDED if each in options] or list(GUIDED)
    targets = wanted if importlib.util.find_spec("atheris") else []
    share = arguments.seconds // (1 + len(targets))
    counts = [own(share, options), *(guided(each, share) for each in targets)]
    inputs, failed = (sum(each) for each in zip(*counts, strict=True))
    who = f"our own fuzzer and libFuzzer ({', '.join(targets)})" if targets else "our own fuzzer"
    sys.stdout.write(
        f"Fuzzed for {arguments.seconds} s, {share} s each: {who}; {inputs} inputs, "
        f"{failed} failed.\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
