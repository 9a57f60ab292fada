"""A modality that keeps sending, and sends again what it was not answered Success for."""

import subprocess
import threading
from pathlib import Path
from typing import Self

from tests.support.instances import Made, make
from tests.support.peers import peer
from tests.support.sending import FAST, successes

SERIES = 20  # instances in an association
PAUSE = 0.2  # seconds between associations, and before one is tried again
TIMEOUT = 120  # seconds for an association
NOT_BEGUN = "Association Request Failed"  # storescu's words: nothing was sent


class Modality:
    """Sends from the beginning of the with statement to its end, which waits until all it made was
    acknowledged.
    """

    def __init__(self, folder: Path, port: int, study: int) -> None:
        self._folder = folder / f"modality-{study}"
        self._folder.mkdir()
        self._port = port
        self._study = study
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._send_on, daemon=True)
        self._number = 0
        self.acknowledged: set[str] = set()  # SOP Instance UIDs
        self.sent_again: set[str] = set()  # so these may arrive twice
        self.refused = 0  # associations that did not come about
        self.broken = 0  # associations that ended before all was answered

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(TIMEOUT)
        assert not self._thread.is_alive(), "what was made is not acknowledged"

    def _send_on(self) -> None:
        left: list[Made] = []
        while left or not self._ending.is_set():
            left = self._associate(left or self._series())
            self._ending.wait(PAUSE)

    def _series(self) -> list[Made]:
        first = self._number + 1
        self._number += SERIES
        numbers = range(first, self._number + 1)
        return [make(self._folder, each, study=self._study, size=4000) for each in numbers]

    def _associate(self, made: list[Made]) -> list[Made]:
        """Those that were not answered with Success."""
        command = [peer("storescu"), "-v", "-aec", "ANY", "127.0.0.1", str(self._port)]
        done = subprocess.run(
            [*command, *(str(each.path) for each in made)],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=FAST,
            timeout=TIMEOUT,
        )
        said = done.stdout.decode("ascii", "replace")
        kept = successes(said)
        left = [each for each in made if each.path.name not in kept]
        self.acknowledged |= {each.uid for each in made if each.path.name in kept}
        if left and NOT_BEGUN in said:
            self.refused += 1
        elif left:
            self.broken += 1
            self.sent_again |= {each.uid for each in left}
        return left
