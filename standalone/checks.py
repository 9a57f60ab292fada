"""What `check` tries, each as a row: state, subject, what was found, what to do about it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from socket import gaierror

import redis

from shared.broker import plain
from shared.config import Settings
from shared.dicomweb.faults import UNRESOLVED
from shared.errors import ConfigurationError, SpoolError
from shared.reserves import Space, space
from shared.route_overlap import warnings, warnings_of_peers
from shared.spool import Spool
from shared.watermark import Pressure, pressure_of
from standalone.check_origin import LOOK_UP, origin
from standalone.check_ports import ports
from standalone.check_secrets import secrets, unusable
from standalone.check_services import services
from standalone.findings import FAIL, OK, WARN, Finding
from standalone.index_client import open_index

SYNCS = 5  # writes that the disk's speed is judged by
SLOW = 0.05  # seconds for a synced write: 20 instances a second on one association
MEBIBYTE, GIBIBYTE = 1 << 20, 1 << 30
LOW = {
    Pressure.HARD: "below hard_reserve: every C-STORE is refused",
    Pressure.SOFT: "below soft_reserve: associations are refused",
}

__all__ = ["FAIL", "every"]


def every(settings: Settings) -> Iterator[Finding]:
    yield Finding(OK, "configuration", _number(settings))
    for each in warnings(settings.routes, settings.routing):
        yield Finding(WARN, "routes", each, "see `dicomweb-proxy route explain`")
    for each in warnings_of_peers(settings.peers):
        yield Finding(WARN, "peers", each, "the first that matches decides: see their order")
    yield from unusable(settings)
    yield from secrets(settings)
    yield from services(settings)
    for destination in settings.destinations:
        yield from origin(destination)
    if settings.upload_destinations:
        yield from spool(settings)
        yield index(settings)
    yield from ports(settings)


def _number(settings: Settings) -> str:
    number = len(settings.destinations)
    return f"{number} destination{'' if number == 1 else 's'}"


def spool(settings: Settings) -> Iterator[Finding]:
    path = settings.spool.path
    try:
        Spool(settings.spool).open()
    except SpoolError as error:
        yield Finding(FAIL, "spool", str(error), "name a folder we may write in spool.path")
        return
    yield _room(space(settings.spool))
    seconds = _sync_time(path)
    took = f"{seconds * 1000:.1f} ms for a synced write"
    slow = "slow: use a disk of its own, not a network folder"
    yield Finding(
        WARN if seconds > SLOW else OK, "spool speed", took, slow if seconds > SLOW else ""
    )
    if not settings.spool.sync:
        yield Finding(WARN, "spool.sync", "off", "a power cut loses what was acknowledged")


def index(settings: Settings) -> Finding:
    try:
        opened = open_index(settings)
    except ConfigurationError as error:
        return Finding(FAIL, "Redis", str(error), "see redis.password_file")
    if opened is None:
        return Finding(OK, "Redis", "embedded, started by `up`")
    try:
        with opened as client:
            version = client.info("server")["redis_version"]
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
            durable = client.config_get("appendonly").get("appendonly")
    except redis.RedisError as error:
        return _absent(error)
    found = f"version {version}"
    if policy != "noeviction":
        return Finding(FAIL, "Redis", f"{found}, {policy}", "set maxmemory-policy noeviction")
    if durable != "yes":
        return Finding(
            WARN, "Redis", f"{found}, not durable", "a restart means a scan of the spool"
        )
    return Finding(OK, "Redis", found)


def _absent(error: redis.RedisError) -> Finding:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, gaierror):
            return Finding(FAIL, "Redis", UNRESOLVED, LOOK_UP.replace("the URI", "redis.url"))
        cause = cause.__cause__ or cause.__context__
    advice = "start it, or see redis.url and redis.password_file; nothing is lost meanwhile"
    return Finding(FAIL, "Redis", plain(error), advice)


def _room(found: Space) -> Finding:
    soft, hard = found.reserves
    told = (
        f"{_size(found.free)} of {_size(found.size)} free; "
        f"soft_reserve {_size(soft)}, hard_reserve {_size(hard)}"
    )
    low = LOW.get(pressure_of(found))
    return Finding(FAIL, "spool space", told, low) if low else Finding(OK, "spool space", told)


def _size(of: int) -> str:
    unit, name = (GIBIBYTE, "GiB") if of >= GIBIBYTE else (MEBIBYTE, "MiB")
    return f"{of / unit:.1f} {name}"


def _sync_time(folder: Path) -> float:
    """The median of a few synced writes, in seconds."""
    times = []
    file = folder / f".check-{os.getpid()}"
    try:
        for _ in range(SYNCS):
            began = time.perf_counter()
            with file.open("wb") as stream:
                stream.write(bytes(65536))
                stream.flush()
                os.fsync(stream.fileno())
            times.append(time.perf_counter() - began)
    finally:
        file.unlink(missing_ok=True)
    return sorted(times)[SYNCS // 2]
