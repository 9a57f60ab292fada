"""One trace for each instance, from its C-STORE to each STOW-RS; off unless configured.

The identifiers of a trace and of its C-STORE span follow from the name that the spool gives an
instance (shared.entry), which every process knows that handles it. So nothing has to be carried
along, nothing is lost with Redis or a restart, and all agree on what is sampled.

OpenTelemetry is imported only where tracing is configured.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from shared.entry import Entry
from shared.errors import ConfigurationError, ProxyError
from shared.tracing_sections import TracingSettings

Attributes = Mapping[str, str | int | float | bool | Sequence[str]]
NOTHING: Mapping[str, str] = {}


class Tracer(Protocol):
    headers: Mapping[str, str]  # of requests, while one of ours is under way

    def received(self, name: str, begun: int, complete: int, safe: int, told: Attributes) -> None:
        """Times are nanoseconds since 1970."""

    def storing(self, destination: str, names: Sequence[str]) -> Iterator[None]: ...

    def close(self) -> None: ...


_tracer: Tracer | None = None


@contextmanager
def tracing(settings: TracingSettings, service: str) -> Iterator[None]:
    """For all of this process, while it lasts. Raises ConfigurationError."""
    global _tracer  # noqa: PLW0603  # of the process, as the log is
    if settings.endpoint is None:
        yield
        return
    try:
        from shared.tracing_otel import OpenTelemetry
    except ImportError:
        raise ConfigurationError(
            "tracing.endpoint: needs OpenTelemetry, which is not installed (the extra `tracing`)"
        ) from None
    _tracer = OpenTelemetry(settings.endpoint, settings.ratio, service)
    try:
        yield
    finally:
        _tracer.close()
        _tracer = None


def on() -> bool:
    return _tracer is not None


def received(entry: Entry, begun: float, complete: float, safe: float, told: Attributes) -> None:
    """An instance was kept; times as of time.monotonic()."""
    if _tracer is None:
        return
    now, wall = time.monotonic(), time.time_ns()
    begun_ns, complete_ns, safe_ns = (
        wall - round((now - each) * 1e9) for each in (begun, complete, safe)
    )
    _tracer.received(entry.reception, begun_ns, complete_ns, safe_ns, told)


@contextmanager
def storing(destination: str, names: Sequence[str]) -> Iterator[None]:
    """A Store request for these instances; a fault that leaves it is told."""
    if _tracer is None:
        yield
        return
    with contextmanager(_tracer.storing)(destination, names):
        yield


def headers() -> Mapping[str, str]:
    """For the request under way: traceparent (W3C Trace Context), or nothing."""
    return NOTHING if _tracer is None else _tracer.headers


def reason(error: BaseException) -> str:
    """What may be told of a fault: ours are fit for a log, others may quote."""
    return str(error) if isinstance(error, ProxyError) else type(error).__name__
