"""A row of `check`."""

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    state: str
    subject: str
    found: str
    advice: str = ""
