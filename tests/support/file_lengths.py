"""No module grows past what one reads in a sitting: fail on Python files of over 300 lines."""

import subprocess
import sys
from pathlib import Path

LIMIT = 300


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        check=True,
        capture_output=True,
        text=True,
    )
    lengths = {
        name: len(Path(name).read_text("utf-8").splitlines())
        for name in listed.stdout.split()
        if Path(name).exists()
    }
    long = {name: length for name, length in lengths.items() if length > LIMIT}
    for name, length in long.items():
        sys.stderr.write(f"{name}: {length} lines; split it, the limit is {LIMIT}\n")
    return 1 if long else 0


if __name__ == "__main__":
    sys.exit(main())
