"""Redis clients: one for our index, impatient; one for RQ's blocking reads, never shared."""

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from shared.errors import ConfigurationError
from shared.sections import RedisSettings

CONNECT_TIMEOUT = 1.0  # seconds; Redis is near, or it is not there
TIMEOUT = 2.0  # seconds for an answer: a script takes milliseconds
RETRIES = 2  # after a lost connection; every script of ours may run twice
CHECK_AFTER = 30  # seconds idle before a connection is tried with PING


def connect(settings: RedisSettings) -> Redis:
    """For the index. Does not connect yet. Raises ConfigurationError."""
    return _client(
        settings,
        socket_timeout=TIMEOUT,
        retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), RETRIES),
    )


def connect_worker(settings: RedisSettings) -> Redis:
    """For an RQ worker, which stretches the time-outs of the client it is given."""
    return _client(settings, retry=None)


def plain(error: RedisError) -> str:
    """What is wrong with Redis, for an operator: no address, no value."""
    if isinstance(error, AuthenticationError):
        return "does not accept our password"
    if isinstance(error, ResponseError):
        return "answers with an error: " + (str(error).split(" ", 1)[0] or "no text")
    return "does not answer"


def _client(settings: RedisSettings, **options: object) -> Redis:
    client: Redis = Redis.from_url(
        settings.url,
        password=_password(settings),
        socket_connect_timeout=CONNECT_TIMEOUT,
        health_check_interval=CHECK_AFTER,
        **options,
    )
    return client


def _password(settings: RedisSettings) -> str | None:
    if settings.password_file is None:
        return None
    try:
        return settings.password_file.read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        raise ConfigurationError(
            f"redis.password_file: {settings.password_file}: {reason}"
        ) from None
