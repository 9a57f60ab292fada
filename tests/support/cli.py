"""The console script, run in this process with an environment of the test's own."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.sections import PREFIX
from standalone.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Console:
    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capture = capture
        # As in a process of its own: another test's handler may write to what is closed by now.
        patch.setattr(logging.getLogger(), "handlers", [])
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)

    def set(self, **variables: object) -> None:
        for name, value in variables.items():
            self._patch.setenv(PREFIX + name, str(value))

    def __call__(self, *arguments: str | Path | int) -> Ended:
        self._capture.readouterr()
        try:
            code = main([str(each) for each in arguments])
        except SystemExit as end:  # argparse ends so
            code = end.code if isinstance(end.code, int) else 1
        out, err = self._capture.readouterr()
        return Ended(code, out, err)


def checking(
    patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], folder: Path
) -> Console:
    """One whose `check` finds nothing wrong with spool and port."""
    made = Console(patch, capture)
    made.set(SPOOL__PATH=folder / "spool", SPOOL__SOFT_RESERVE=0, SPOOL__HARD_RESERVE=0)
    made.set(RECEIVE__HOST="127.0.0.1", RECEIVE__PORT=0)
    return made


def states(console: Console) -> dict[str, str]:
    """What `check` finds, by subject."""
    return {each["subject"]: each["state"] for each in console("check", "--json").json}
