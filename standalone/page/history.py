"""The last hour, as Redis has it."""

from redis.exceptions import RedisError

from shared.config import Settings
from shared.errors import ConfigurationError
from shared.keys import CALLERS, RECENT
from shared.recent import Hour, Recent, of_destination
from standalone.index_client import open_index


def traffic(settings: Settings) -> Hour | None:
    """Of receivers, worklists and destinations, all together; None where Redis cannot say."""
    names = [of_destination(each.name) for each in settings.upload_destinations]
    return _hour(settings, RECENT, *names)


def callers(settings: Settings) -> Hour | None:
    """Associations by AE titles of the settings: for those who logged in."""
    return _hour(settings, CALLERS)


def _hour(settings: Settings, *names: str) -> Hour | None:
    try:
        client = open_index(settings)
        if client is None:
            return None
        with client:
            return Recent(client).hour(*names)
    except (RedisError, ConfigurationError):  # the state says what is wrong with it
        return None
