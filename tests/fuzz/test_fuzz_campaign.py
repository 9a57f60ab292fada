"""`make fuzz` ends with one sentence, and keeps libFuzzer's noise to itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import campaign

pytestmark = pytest.mark.timeout(180)  # atheris takes its time to begin


def test_a_campaign_ends_with_what_ran_how_many_inputs_and_how_many_failed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.campaign", "--seconds", "5", "command"],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )

    assert done.returncode == 0, done.stderr
    *_, last = lines = done.stdout.splitlines()
    assert re.fullmatch(
        r"Fuzzed for 5 s, \d s each: our own fuzzer.*; [1-9]\d* inputs, 0 failed\.", last
    )
    assert len(lines) <= 6
    assert done.stderr == ""


def test_a_fuzzer_that_cannot_run_counts_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "WORK", tmp_path)

    assert campaign.guided("nothing", 1) == (0, 1)
    told = capsys.readouterr()
    assert told.out.startswith("libFuzzer, nothing: 0 inputs, 1 failed")
    assert len(told.err.splitlines()) <= campaign.TAIL
