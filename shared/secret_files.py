"""Files with secrets that anybody on this machine may read."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from shared import logs
from shared.config import Settings
from shared.config_rules import SECRETS, place
from shared.destination import Destination

MOUNTED = Path("/run/secrets")  # in a container: everybody there is the service itself

log = logs.get(__name__)


def exposed(settings: Settings, of: Callable[[Destination], bool]) -> Iterator[tuple[str, Path]]:
    """Setting and file, of those destinations and of the site."""
    for key, path in _named(settings, of):
        if path and not path.is_relative_to(MOUNTED) and _is_open(path):
            yield key, path


def warn(settings: Settings, of: Callable[[Destination], bool]) -> None:
    """At start."""
    for key, path in exposed(settings, of):
        log.warning("secret.exposed", setting=key, file=str(path))


def _named(
    settings: Settings, of: Callable[[Destination], bool]
) -> Iterator[tuple[str, Path | None]]:
    for each in filter(of, settings.destinations):
        prefix = place(settings, each)
        for key in SECRETS:
            if "certificate" not in key:  # which everybody may see
                yield f"{prefix}auth.{key}", getattr(each.auth, key)
    yield "redis.password_file", settings.redis.password_file
    yield "receive.tls_key_file", settings.receive.tls_key_file


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:  # others say that it cannot be read
        return False
