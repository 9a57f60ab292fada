"""Files with secrets that anybody on this machine may read."""

import stat
from collections.abc import Iterator
from pathlib import Path

from shared.config import Settings
from shared.config_rules import SECRETS, place
from standalone.findings import WARN, Finding

MOUNTED = Path("/run/secrets")  # in a container: everybody there is the service itself


def secrets(settings: Settings) -> Iterator[Finding]:
    for key, path in _named(settings):
        if path and not path.is_relative_to(MOUNTED) and _is_open(path):
            found = f"{path} can be read by everybody"
            yield Finding(WARN, key, found, "chmod o-r, and let it belong to the service's user")


def _named(settings: Settings) -> Iterator[tuple[str, Path | None]]:
    for each in settings.destinations:
        prefix = place(settings, each)
        yield from ((f"{prefix}auth.{key}", getattr(each.auth, key)) for key in SECRETS)
    yield "redis.password_file", settings.redis.password_file
    yield "receive.tls_key_file", settings.receive.tls_key_file


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:  # others say that it cannot be read
        return False
