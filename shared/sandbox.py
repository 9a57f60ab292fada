"""A sandbox as the destination must never be mistaken for an archive: whoever starts says so, and
so does whoever is asked.
"""

from shared import logs
from shared.config import Settings

NOTE = "SANDBOX: not an archive; instances go there because nothing else is configured"

log = logs.get(__name__)


def facts(settings: Settings) -> dict[str, str]:
    """For /livez, /readyz and status."""
    return {"sandbox": NOTE} if settings.sandbox else {}


def warn(settings: Settings) -> None:
    if settings.sandbox:
        log.warning("sandbox.chosen", note=NOTE, address=settings.sandbox)
