"""DCMTK's programs as modalities."""

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.support.peers import peer
from tests.support.pydicom_files import Storable

# Without it each instance waits 44 ms for Nagle's algorithm and a delayed acknowledgement.
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}
# How storescu is told to propose a transfer syntax beside the uncompressed ones.
PROPOSALS = {
    "1.2.840.10008.1.2": "--propose-implicit",
    "1.2.840.10008.1.2.1": "--propose-little",
    "1.2.840.10008.1.2.1.99": "--propose-deflated",
    "1.2.840.10008.1.2.2": "--propose-big",
    "1.2.840.10008.1.2.4.50": "--propose-jpeg8",
    "1.2.840.10008.1.2.4.51": "--propose-jpeg12",
    "1.2.840.10008.1.2.4.70": "--propose-lossless",
    "1.2.840.10008.1.2.4.80": "--propose-jls-lossless",
    "1.2.840.10008.1.2.4.81": "--propose-jls-lossy",
    "1.2.840.10008.1.2.4.90": "--propose-j2k-lossless",
    "1.2.840.10008.1.2.4.91": "--propose-j2k-lossy",
    "1.2.840.10008.1.2.5": "--propose-rle",
}


def run(program: str, *arguments: str | Path | int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [peer(program), *map(str, arguments)],
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=50,
    )


def storescu(port: int, files: Iterable[Storable]) -> int:
    """Send each file in the transfer syntax it has; how many were answered Success."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for each in files:
        groups[PROPOSALS[each.transfer_syntax_uid]].append(each.path)
    answered = 0
    for proposal, paths in groups.items():
        done = run("storescu", "-v", "--no-halt", "--required", proposal, "127.0.0.1", port, *paths)
        answered += len(
            re.findall(r"Received Store Response \(Success\)", done.stdout + done.stderr)
        )
    return answered


def findscu(port: int, *keys: str) -> str:
    """A Modality Worklist query; what it printed of the answers."""
    options = [part for key in keys for part in ("-k", key)]
    done = run("findscu", "--worklist", "-v", *options, "127.0.0.1", port)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
