"""Files that the settings name: those that cannot be used, and secrets that anybody may read."""

from collections.abc import Iterator

from shared.config import Settings
from shared.config_rules import unusable_file, unusable_files
from shared.needs import EVERYTHING
from shared.secret_files import exposed
from standalone.findings import FAIL, WARN, Finding


def unusable(settings: Settings) -> Iterator[Finding]:
    """What the uploader or the worklist refuses to start with; the receiver does not care."""
    redis = unusable_file("redis.password_file", settings.redis.password_file)
    for each in (*unusable_files(settings, EVERYTHING), *redis):
        key, _, found = each.partition(": ")
        yield Finding(FAIL, key, found, "images are received and wait until it can be read")


def secrets(settings: Settings) -> Iterator[Finding]:
    for key, path in exposed(settings, EVERYTHING.of):
        found = f"{path} can be read by everybody"
        yield Finding(WARN, key, found, "chmod o-r, and let it belong to the service's user")
