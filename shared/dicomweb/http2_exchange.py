"""A request and its answer over HTTP/2, as far as they have come."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import h2.events
import h2.exceptions
import httpcore
from h2.connection import H2Connection

# Of one connection, as opposed to the message (RFC 9113 8.2.2).
HOP_BY_HOP = frozenset({b"connection", b"host", b"keep-alive", b"transfer-encoding", b"upgrade"})
STATUS = re.compile(rb"[0-9]{3}")  # RFC 9110 15


@dataclass
class Exchange:
    stream_id: int
    timeouts: dict[str, float | None]
    status: int | None = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    ended: bool = False
    reset: int | None = None  # the error code
    whole: bool = False  # the request was sent to its end

    @property
    def answered(self) -> bool:
        """A final answer is coming, or none ever will: no more of the body is wanted."""
        return self.status is not None or self.reset is not None


def head(request: httpcore.Request) -> list[tuple[bytes, bytes]]:
    headers = lower(request.headers)
    return [
        (b":method", request.method),
        (b":authority", dict(headers)[b"host"]),
        (b":scheme", request.url.scheme),
        (b":path", request.url.target),
        *((name, value) for name, value in headers if name not in HOP_BY_HOP),
    ]


def lower(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers]


def _response(_h2: H2Connection, exchange: Exchange, event: Any) -> None:
    status = dict(event.headers)[b":status"]
    if not STATUS.fullmatch(status):
        raise h2.exceptions.ProtocolError("the status is no number of three digits")
    exchange.status = int(status)
    exchange.headers = [(k, v) for k, v in event.headers if not k.startswith(b":")]


def _data(connection: H2Connection, exchange: Exchange, event: Any) -> None:
    exchange.data.append(event.data)
    connection.acknowledge_received_data(event.flow_controlled_length, exchange.stream_id)


def _ended(_h2: H2Connection, exchange: Exchange, _event: Any) -> None:
    exchange.ended = True


def _reset(_h2: H2Connection, exchange: Exchange, event: Any) -> None:
    exchange.reset = int(event.error_code)


HEEDED: dict[type, Callable[[H2Connection, Exchange, Any], None]] = {
    h2.events.ResponseReceived: _response,
    h2.events.DataReceived: _data,
    h2.events.StreamEnded: _ended,
    h2.events.StreamReset: _reset,
}


def heed(connection: H2Connection, exchange: Exchange, event: Any) -> None:
    """Interim responses, windows and trailers change nothing."""
    kind = type(event)
    if kind in HEEDED and event.stream_id == exchange.stream_id:
        HEEDED[kind](connection, exchange, event)
