"""A failed test can be read."""

import subprocess
import sys
from pathlib import Path

from tests.support.short_reports import LINES

FAILING = """
import sys


def test_that_fails():
    for number in range(1_000):
        print("out", number)
        print("err", number, file=sys.stderr)
    assert False
"""


def test_of_what_a_failed_test_printed_the_end_is_shown(tmp_path: Path) -> None:
    (file := tmp_path / "test_failing.py").write_text(FAILING, "utf-8")
    settings = Path(__file__).parents[3] / "pyproject.toml"

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", settings, "--rootdir", tmp_path, file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "out 999\n" in done.stdout
    assert "err 999\n" in done.stdout
    assert f"({1_000 - LINES} lines above are left out" in done.stdout
    assert len(done.stdout.splitlines()) < 3 * LINES
