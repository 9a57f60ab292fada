"""Asks a destination something harmless: does it resolve, answer, accept our credentials?"""

import ssl
import sys
import time
from collections.abc import Iterator

import httpx

from shared.certificates import end_of, first_end
from shared.destination import Destination
from shared.dicomweb.auth import seconds_left
from shared.dicomweb.client import open_client
from shared.dicomweb.faults import UNRESOLVED, fault_of, faults
from shared.errors import ConfigurationError, Denied, DestinationFault, Misconfigured
from shared.sender import Sender
from shared.uri_template import resolved
from standalone.findings import FAIL, OK, WARN, Finding

PATIENCE = 10.0  # seconds for an answer: somebody waits at a keyboard
EXPIRES_SOON = 21  # days left of a certificate
DAY = 86400  # seconds
SANDBOX = "SANDBOX"  # how our sandbox begins its Server field
WEB_PAGES = frozenset({"text/html", "application/xhtml+xml"})
SEARCHLESS = frozenset({404, 405, 406})  # no search, none that we ask for, or none in JSON
LOOK_UP = "see the host name in the URI, and whether DNS or /etc/hosts here knows it"
ADVICE: tuple[tuple[type[DestinationFault], str], ...] = (
    (Denied, "see auth of this destination, and what its account may do"),
    (Misconfigured, "see the URI: its host, its path, its certificate"),
    (DestinationFault, "is the server up, and does a firewall let us out?"),
)


def origin(destination: Destination) -> Iterator[Finding]:
    patient = destination.model_copy(update={"timeout": PATIENCE})
    uploads = destination.upload_uri and resolved(destination.upload_uri, Sender())
    searches = {"uploads": uploads, "worklist": destination.worklist_uri}
    try:
        with open_client(patient) as client:
            for purpose, uri in searches.items():
                if uri:
                    yield from _search(client, f"{destination.name}: {purpose}", uri)
            yield from _credentials(destination, seconds_left(client.auth))
    except ConfigurationError as error:
        yield Finding(FAIL, destination.name, error.mistakes[0], ADVICE[0][1])


def _search(client: httpx.Client, subject: str, uri: str) -> Iterator[Finding]:
    """One search of the resource, for at most one match that is not read."""
    headers = {"Accept": "application/dicom+json"}
    try:
        with faults(), client.stream("GET", uri, params={"limit": 1}, headers=headers) as answer:
            expiry = _expiry(answer)
            fault = fault_of(answer)
            status = answer.status_code
            server = answer.headers.get("Server", "")
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    except DestinationFault as raised:
        yield Finding(FAIL, subject, f"{uri} {raised.reason}", advice(raised))
        return
    if fault and status not in SEARCHLESS:
        yield Finding(FAIL, subject, f"{uri} {fault.reason}", advice(fault))
    elif fault or status >= httpx.codes.BAD_REQUEST:
        found = f"{uri} answers a search with {status}"
        yield Finding(WARN, subject, found, "fine if it offers no search; else see the URI")
    elif kind in WEB_PAGES:
        found = f"{uri} answers with a web page, such as one to log in"
        yield Finding(FAIL, subject, found, "is this the DICOMweb service, and does it take auth?")
    elif server.startswith(SANDBOX):
        yield Finding(WARN, subject, f"{uri} is a SANDBOX", "not an archive: nothing is safe there")
    else:
        yield Finding(OK, subject, f"{uri} answers")
    yield from _certificate(subject, expiry)


def _credentials(destination: Destination, token: float | None) -> Iterator[Finding]:
    """How long what we show is good. `token`: seconds."""
    if token is not None:
        yield Finding(OK, f"{destination.name}: token", f"valid for {token:.0f} s")
    ours = destination.auth.client_certificate_file
    if ours:  # TLS has read it by now
        yield from _certificate(f"{destination.name}: client", first_end(ours.read_text("ascii")))


def _certificate(subject: str, expiry: float | None) -> Iterator[Finding]:
    if expiry is not None:
        days = int((expiry - time.time()) // DAY)
        soon = days < EXPIRES_SOON
        found = f"certificates valid for {days} days"
        yield Finding(WARN if soon else OK, subject, found, "renew it" if soon else "")


def _expiry(answer: httpx.Response) -> float | None:
    """When the first certificate ends of the chain that was verified, up to the authority that we
    trust, in seconds since 1970; None without TLS.
    """
    stream = answer.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    return min((end_of(each) for each in _chain(tls)), default=None) if tls else None


def _chain(tls: ssl.SSLSocket) -> list[bytes]:
    if sys.version_info >= (3, 13):
        return list(tls.get_verified_chain())
    # The same without a public name: PEM of each.
    chain = tls._sslobj.get_verified_chain()  # type: ignore[attr-defined]  # noqa: SLF001
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain]


def advice(fault: DestinationFault) -> str:
    """What to do about it."""
    if UNRESOLVED in fault.reason:  # its own, or that of its token endpoint
        return LOOK_UP
    return next(text for kind, text in ADVICE if isinstance(fault, kind))
