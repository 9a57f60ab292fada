"""The Redis of a configuration, or the embedded one of a proxy that runs here; for commands."""

from pathlib import Path

from redis import Redis

from shared.broker import connect
from shared.config import Settings

EMBEDDED = Path(".redis")  # below the spool
URL_FILE = "url"  # where `up` says under which address its own Redis answers


def open_index(settings: Settings) -> Redis | None:
    """A client that has not connected yet; None where no Redis is configured and no embedded one
    was ever started.
    """
    found = settings.redis
    if "url" not in found.model_fields_set:
        try:
            url = (settings.spool.path / EMBEDDED / URL_FILE).read_text("utf-8").strip()
        except OSError:
            return None
        found = found.model_copy(update={"url": url})
    return connect(found)
