"""DCMTK's storescu sends to the composed system; its sandbox tells what arrived."""

import os
import subprocess
from pathlib import Path

from tests.support.compose import Composed
from tests.support.instances import Made, make
from tests.support.peers import peer

ARRIVAL = 120.0  # s, on a busy machine
FAST = {**os.environ, "TCP_NODELAY": "1"}  # DCMTK: no waiting for acknowledgements


def series(folder: Path, study: int, count: int) -> list[Made]:
    folder.mkdir(exist_ok=True)
    return [make(folder, number, study=study, size=20_000) for number in range(1, count + 1)]


def storescu(stack: Composed, folder: Path, port: int | None = None) -> subprocess.Popen[bytes]:
    """It tells in `folder`.log what it sends and what it is answered."""
    address = ["127.0.0.1", str(port or stack.receive_port)]
    with _log(folder).open("wb") as log:
        return subprocess.Popen(
            [peer("storescu"), "-v", "+sd", "-aec", "ANY", *address, str(folder)],
            env=FAST,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def successes(said: str) -> set[str]:
    """Names of the files that storescu -v says were answered with Success."""
    names = set()
    sending = ""
    for line in said.splitlines():
        if "Sending file: " in line:
            sending = Path(line.partition("Sending file: ")[2]).name
        elif "Received Store Response (Success)" in line:
            names.add(sending)
    return names


def _log(folder: Path) -> Path:
    return folder.with_suffix(".log")


def arrived(stack: Composed, made: list[Made]) -> int:
    return len({each.uid for each in made} & stack.stored())
