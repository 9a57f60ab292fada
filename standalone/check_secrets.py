"""Files that the settings name: those that cannot be used, and secrets that anybody may read."""

import stat
from collections.abc import Iterator
from pathlib import Path

from shared.config import Settings
from shared.config_rules import SECRETS, place, unusable_file, unusable_files
from shared.needs import EVERYTHING
from standalone.findings import FAIL, WARN, Finding

MOUNTED = Path("/run/secrets")  # in a container: everybody there is the service itself


def unusable(settings: Settings) -> Iterator[Finding]:
    """What the uploader or the worklist refuses to start with; the receiver does not care."""
    redis = unusable_file("redis.password_file", settings.redis.password_file)
    for each in (*unusable_files(settings, EVERYTHING), *redis):
        key, _, found = each.partition(": ")
        yield Finding(FAIL, key, found, "images are received and wait until it can be read")


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
