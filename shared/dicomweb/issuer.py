"""Speaking to whoever issues our tokens: a deadline, and its faults hold the destination."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from shared.destination import Destination
from shared.dicomweb.faults import UNAVAILABLE, faults
from shared.dicomweb.transport import Transport
from shared.errors import Denied, DestinationFault, Misconfigured, Unavailable

LIFETIME = 3600.0  # s of a token whose issuer does not say (RFC 6749 5.1)
REFUSED = frozenset({400, 401, 403})
# RFC 6749 5.2, the words that are safe to show; others could be anything.
CODES = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    }
)


def deadline(destination: Destination) -> float:
    """Seconds for one exchange; google-auth makes three at most."""
    return min(destination.auth.token_timeout, destination.timeout)


def issuer_client(destination: Destination, uri: str) -> httpx.Client:
    """Used once an hour or so, and closed after it."""
    patience = deadline(destination)
    return httpx.Client(
        transport=Transport(destination, uri, patience), timeout=patience, trust_env=False
    )


@contextmanager
def issuer_faults() -> Iterator[None]:
    """What httpx raises, as a DestinationFault that says whose fault it is."""
    try:
        with faults():
            yield
    except DestinationFault as fault:
        raise type(fault)(f"cannot be logged in to: its token endpoint {fault.reason}") from fault


def refusal(status: int, code: object) -> DestinationFault:
    """Of a token endpoint that gave none. `code`: its OAuth error code, if it is one."""
    known = f"{code}, {status}" if isinstance(code, str) and code in CODES else str(status)
    if status in REFUSED:
        return Denied(
            f"cannot be logged in to: its token endpoint refuses our credentials ({known})"
        )
    if status in UNAVAILABLE:
        return Unavailable(f"cannot be logged in to: its token endpoint is out of order ({known})")
    return Misconfigured(f"cannot be logged in to: its token endpoint gives no token ({known})")
