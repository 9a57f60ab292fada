"""What an HTTP failure says about a destination: foreign errors end here."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from socket import gaierror

import httpx

from shared.dicomweb.network import Endless
from shared.errors import Busy, Denied, DestinationFault, Misconfigured, Unavailable

LONGEST_RETRY_AFTER = 3600.0  # s; a server that asks for more is asked again after an hour
UNAVAILABLE = frozenset({408, 425, 429}) | frozenset(range(500, 600)) - {501, 505}
BUSY = frozenset({429, 503})
ANSWERED = frozenset(range(200, 300))
OURS_TO_JUDGE = frozenset({400, 409, 413, 414, 422})  # about the request, not the destination
# 403 is also what some servers say when we are too fast, or our clock is wrong.
# Google: rateLimitExceeded, quota; AWS: RequestExpired, SignatureDoesNotMatch, Throttling.
PASSING_DENIALS = (b"ratelimit", b"quota", b"requestexpired", b"signaturedoesnotmatch", b"throttl")
REASONS: dict[int, str] = {
    401: "does not accept our credentials (401)",
    403: "does not allow this to our credentials (403)",
    404: "has no such service at this address (404)",
    405: "does not offer this service at this address (405)",
    407: "cannot be reached without logging in to a proxy (407)",
    429: "asks us to slow down (429)",
    503: "is busy (503)",
    507: "has no space left (507)",
}

UNRESOLVED = "has a host name that does not resolve"
NETWORK: tuple[tuple[type[Exception], type[DestinationFault], str], ...] = (  # first match decides
    (httpx.ConnectTimeout, Unavailable, "does not answer at its address and port"),
    (httpx.ConnectError, Unavailable, "cannot be reached"),
    (httpx.ReadTimeout, Unavailable, "did not answer in time"),
    (httpx.WriteTimeout, Unavailable, "takes data too slowly"),
    (httpx.PoolTimeout, Unavailable, "has all our connections busy"),
    (httpx.RemoteProtocolError, Unavailable, "broke off without an HTTP answer"),
    (httpx.LocalProtocolError, Misconfigured, "cannot be sent our request: it is no valid HTTP"),
    (httpx.ProxyError, Unavailable, "cannot be reached through the proxy"),
    (httpx.NetworkError, Unavailable, "broke off the connection"),
    (httpx.DecodingError, Unavailable, "sent an answer that cannot be decompressed"),
    (httpx.HTTPError, Unavailable, "cannot be asked"),
    (httpx.InvalidURL, Misconfigured, "has no valid address"),
)
# What lies beneath those, and says more; the first match decides.
CAUSES: tuple[tuple[type[Exception], type[DestinationFault], str], ...] = (
    (gaierror, Unavailable, UNRESOLVED),
    (ConnectionRefusedError, Unavailable, "refuses connections"),
    (Endless, Unavailable, "talks without end"),
)


@contextmanager
def faults() -> Iterator[None]:
    """Turn what httpx raises into a DestinationFault."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _network_fault(error) from error


def fault_of(response: httpx.Response, body: bytes | None = None) -> DestinationFault | None:
    """What a status says about the destination; None if it is about the request or a success.

    `body`: the answer's beginning, where the caller has read it by other means.
    """
    status = response.status_code
    if status in ANSWERED | OURS_TO_JUDGE:
        return None
    reason = REASONS.get(status, f"answered {status}")
    retry_after = _retry_after(response)
    if status == httpx.codes.FORBIDDEN and _passing(response, body):
        return Busy("refuses us for now (403)", retry_after=retry_after)
    if status in {401, 403, 407}:
        return Denied(reason, retry_after=retry_after)
    if status in BUSY:
        return Busy(reason, retry_after=retry_after)
    if status in UNAVAILABLE or status == httpx.codes.FAILED_DEPENDENCY:  # 424: Azure's own storage
        return Unavailable(reason, retry_after=retry_after)
    if response.is_redirect:
        reason = f"redirects elsewhere ({status})"
    return Misconfigured(reason, retry_after=retry_after)


def _passing(response: httpx.Response, body: bytes | None) -> bool:
    if body is None:
        body = response.content if response.is_stream_consumed else b""
    text = body[:65536].lower()
    return any(word in text for word in PASSING_DENIALS)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return min(float(value[:9]), LONGEST_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max((date - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _network_fault(error: Exception) -> DestinationFault:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Misconfigured(f"has a certificate we do not trust ({cause.verify_message})")
        if isinstance(cause, ssl.SSLError):
            return _tls_fault(cause)
        for kind, fault, reason in CAUSES:
            if isinstance(cause, kind):
                return fault(reason)
    for kind, fault, reason in NETWORK:
        if isinstance(error, kind):
            return fault(reason)
    raise AssertionError(error)  # faults() catches nothing else


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__  # httpcore hides causes by raising "from None"


def _tls_fault(error: ssl.SSLError) -> DestinationFault:
    reason = (error.reason or "").replace("_", " ").lower()
    if "alert" in reason and ("certificate" in reason or "unknown ca" in reason):
        return Denied(f"does not accept our client certificate ({reason})")
    if isinstance(error, ssl.SSLEOFError) or "unexpected eof" in reason:
        return Unavailable("broke off the TLS connection")
    return Misconfigured(f"and we agree on no TLS ({reason or 'no reason given'})")
