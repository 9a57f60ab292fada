"""Programs of images with few packages, started where others are not to be had."""

import subprocess
import sys
from collections.abc import Sequence


def fault_without(absent: Sequence[str], *modules: str) -> str:
    """What is said where the modules are imported and the others are absent; "" if all is well."""
    lines = ["import sys", *(f"sys.modules[{name!r}] = None" for name in absent)]
    script = "\n".join([*lines, *(f"import {each}" for each in modules)])
    ended = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
    )
    return ended.stderr or f"exit code {ended.returncode}" if ended.returncode else ""
