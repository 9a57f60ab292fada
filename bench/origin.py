"""The sink, asked over its control resources."""

import json
import time
import urllib.request
from typing import Any

from bench.site import POLL, Failed
from bench.stand_in import StandIn

PATIENCE = 60.0  # seconds without another instance until a run has failed


class Origin(StandIn):
    """An origin server that answers after `latency` seconds."""

    def __init__(self, latency: float = 0.0) -> None:
        super().__init__("bench.sink")
        self._latency = latency
        self.reset()

    def reset(self, *, down: bool = False) -> None:
        """Count from zero; `down` drops each request's connection without an answer."""
        self._ask(f"/reset?latency={self._latency}&down={int(down)}")

    def counts(self) -> dict[str, float]:
        figures: dict[str, float] = self._ask("/counts")
        return figures

    def arrivals(self) -> dict[str, float]:
        """When each instance was answered, seconds on the monotonic clock."""
        times: dict[str, float] = self._ask("/arrivals")
        return times

    def wait_for(self, instances: int) -> dict[str, float]:
        """The counts, once so many different instances are here."""
        counts, changed = self.counts(), time.monotonic()
        while counts["unique"] < instances:
            if time.monotonic() - changed > PATIENCE:
                raise Failed(f"{counts['unique']} of {instances} instances arrived")
            time.sleep(POLL)
            now = self.counts()
            if now["unique"] > counts["unique"]:
                changed = time.monotonic()
            counts = now
        return counts

    def _ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return json.load(answer)
