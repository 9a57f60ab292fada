"""How much chaos: CHAOS=short, default or long."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    instances: int
    faults: int
    every: float  # seconds from one fault to the next; it lasts half of that
    poison_every: int  # one instance in so many is unstorable
    senders: int = 4
    size: int = 16 * 1024  # bytes of an instance
    patience: float = 180.0  # seconds for the backlog to drain after the last fault

    @property
    def rate(self) -> float:
        """Instances a second, so that sending lasts as long as the faults do."""
        return self.instances / (self.faults * self.every)


SCALES = {
    "short": Scale(2_500, 30, 3.5, poison_every=80),
    "default": Scale(20_000, 62, 13.0, poison_every=400),
    "long": Scale(250_000, 900, 13.0, poison_every=2_000),
}


def chosen() -> Scale:
    name = os.environ.get("CHAOS") or "default"
    if name not in SCALES:
        raise SystemExit(f"CHAOS={name}: must be one of {', '.join(SCALES)}")
    return SCALES[name]
