"""Programs that tests talk to: Debian packages, which a user's machine may lack."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest


def peer(name: str) -> str:
    """Full path of a program outside the virtual environment, whose scripts share DCMTK's names.

    A missing program skips the test, except in CI, where it fails.
    """
    own = Path(sys.executable).parent
    path = os.pathsep.join(
        each for each in os.environ.get("PATH", "").split(os.pathsep) if each and Path(each) != own
    )
    found = shutil.which(name, path=f"{path}{os.pathsep}/usr/sbin")
    if found is None:
        lacking(f"{name} is not installed (Debian: see .ci/run)")
    return found


def lacking(reason: str) -> NoReturn:
    """What a test needs is not on this machine: skips it, except in CI, where it fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
