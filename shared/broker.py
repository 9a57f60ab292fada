"""Redis clients: one for our index, impatient; one for RQ's blocking reads, never shared."""

import re
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.connection import SSLConnection, parse_url
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.errors import ConfigurationError
from shared.index_version import OtherIndex
from shared.sections import RedisSettings

CONNECT_TIMEOUT = 1.0  # seconds; Redis is near, or it is not there
TIMEOUT = 2.0  # seconds for an answer: a script takes milliseconds
RETRIES = 2  # after a lost connection; every script of ours may run twice
CHECK_AFTER = 30  # seconds idle before a connection is tried with PING

_SAYING: tuple[tuple[type[RedisError], str], ...] = (
    (AuthenticationError, "does not accept our password"),
    (NoPermissionError, "does not allow our user what it needs"),
    (OutOfMemoryError, "is full: its maxmemory is reached"),
    (ReadOnlyError, "is a replica and takes no writes"),
)
# How Python's ssl begins what is wrong, which redis-py puts behind the address; Sentinels' is lost.
_TLS = re.compile(r"\[(?:SSL|X509)[:\w ]*\] (certificate verify failed: )?([\w -]+)")
_CODE = re.compile(r"(?:^|: )([A-Z]{3,}) ")  # in a pipeline redis-py says first where it was


def connect(settings: RedisSettings, *, retries: int = RETRIES) -> Redis:
    """For the index. Does not connect yet. A Redis that hangs is waited for anew by each retry of a
    command, and in it by each of the connection. Raises ConfigurationError.
    """
    return _client(
        settings,
        socket_timeout=TIMEOUT,
        retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), retries),
    )


def connect_worker(settings: RedisSettings) -> Redis:
    """For an RQ worker, which stretches the time-outs of the client it is given."""
    return _client(settings, retry=None)


def plain(error: RedisError) -> str:
    """What is wrong with Redis, for an operator: no address, no value."""
    if isinstance(error, OtherIndex):
        return str(error)
    for kind, said in _SAYING:
        if isinstance(error, kind):
            return said
    if isinstance(error, ResponseError):
        return f"answers with an error: {_code(error)}"
    return _untrusted(str(error)) or "does not answer"


def _untrusted(message: str) -> str:
    """Why TLS failed: up to what may name an address, or the place in OpenSSL."""
    found = _TLS.search(message)
    if not found:
        return ""
    refused, reason = found.groups()
    kind = "has a certificate that is not trusted" if refused else "cannot be reached by TLS"
    return f"{kind}: {reason.strip()}"


def _code(error: ResponseError) -> str:
    """The word in capitals before what else Redis says; of no other word is known what it names."""
    found = _CODE.search(str(error))
    return getattr(error, "status_code", None) or (found[1] if found else "ERR")


def _client(settings: RedisSettings, **options: object) -> Redis:
    options |= {
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "health_check_interval": CHECK_AFTER,
        **_trust(settings),
    }
    password = _password(settings)
    if settings.sentinels:
        return _by_sentinel(settings, password, options)
    client: Redis = Redis.from_url(settings.url, password=password, **options)
    return client


def _by_sentinel(
    settings: RedisSettings, password: str | None, options: dict[str, object]
) -> Redis:
    """Asks anew for each connection, and drops one to a Redis that was demoted."""
    url = parse_url(settings.url)
    if url.get("connection_class") is SSLConnection:
        options |= {"ssl": True}
    of_sentinels = {
        name: value for name, value in options.items() if name.startswith(("ssl", "socket_connect"))
    }
    addresses = [urlsplit(f"//{each}") for each in settings.sentinels]
    sentinel = Sentinel(
        [(each.hostname, each.port) for each in addresses],
        sentinel_kwargs={**of_sentinels, "socket_timeout": CONNECT_TIMEOUT},
    )
    client: Redis = sentinel.master_for(
        settings.sentinel_service,
        password=password,
        username=url.get("username"),
        db=url.get("db", 0),
        **options,
    )
    return client


def _trust(settings: RedisSettings) -> dict[str, object]:
    encrypted = settings.url.startswith("rediss://")
    return {"ssl_ca_certs": str(settings.ca_file)} if encrypted and settings.ca_file else {}


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
