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


def storescu(stack: Composed, folder: Path) -> subprocess.Popen[bytes]:
    port = str(stack.receive_port)
    return subprocess.Popen(
        [peer("storescu"), "+sd", "-aec", "ANY", "127.0.0.1", port, str(folder)],
        env=FAST,
        stdout=subprocess.DEVNULL,
    )


def arrived(stack: Composed, made: list[Made]) -> int:
    return len({each.uid for each in made} & stack.stored())
