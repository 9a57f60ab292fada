"""How long our certificates are still good: a source of metrics.

Python's ssl shows no certificate of ours, and not every image has another library that does; of
DER (X.690) no more is read here than leads to one date.
"""

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from shared import metrics
from shared.config import Settings
from shared.file_look import Look, look
from shared.metric import Sample

CONTEXT_0, UTC_TIME = 0xA0, 0x17  # tags
LONG_FORM = 0x80  # of a length
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"

Uses = Mapping[tuple[str, str], Path]  # use and destination -> PEM file


class Certificates:
    """Files are read again when they have changed."""

    def __init__(self, uses: Uses) -> None:
        self._uses = dict(uses)
        self._known: dict[Path, tuple[Look, float | None]] = {}

    def __call__(self) -> Iterator[Sample]:
        now = datetime.now(UTC).timestamp()
        for (use, destination), path in self._uses.items():
            if (end := self._end(path)) is not None:
                yield Sample(metrics.CERTIFICATE, end - now, (use, destination))

    def _end(self, path: Path) -> float | None:
        try:
            changed = look(path)
            known = self._known.get(path)
            if known is None or known[0] != changed:
                known = self._known[path] = changed, first_end(path.read_text("ascii"))
        except (OSError, UnicodeDecodeError):
            return None  # whoever uses it says so
        return known[1]


def of_dimse(settings: Settings) -> Uses:
    path = settings.receive.tls_certificate_file
    return {("dimse", ""): path} if path else {}


def of_clients(settings: Settings) -> Uses:
    return {
        ("client", each.name): each.auth.client_certificate_file
        for each in settings.destinations
        if each.auth.client_certificate_file
    }


def first_end(pem: str) -> float | None:
    """When the first of a file's certificates to end does, in seconds since 1970."""
    pieces = [BEGIN + each.partition(END)[0] + END for each in pem.split(BEGIN)[1:]]
    try:
        return min((end_of(ssl.PEM_cert_to_DER_cert(each)) for each in pieces), default=None)
    except (ValueError, IndexError):
        return None


def end_of(der: bytes) -> float:
    """Certificate.tbsCertificate.validity.notAfter (RFC 5280 4.1.2.5), in seconds since 1970.

    Raises ValueError or IndexError for what is no certificate.
    """
    _, certificate, _ = _element(der)
    _, fields, _ = _element(certificate)
    kind, _, rest = _element(fields)
    if kind == CONTEXT_0:  # the version; else that was the serial number
        _, _, rest = _element(rest)
    _, _, rest = _element(rest)  # signature
    _, _, rest = _element(rest)  # issuer
    _, validity, _ = _element(rest)
    _, _, rest = _element(validity)
    kind, text, _ = _element(rest)
    form = "%y%m%d%H%M%SZ" if kind == UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC).timestamp()


def _element(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag and content of the first element, and what follows it."""
    length, start = der[1], 2
    if length & LONG_FORM:
        start += length & ~LONG_FORM
        length = int.from_bytes(der[2:start])
    return der[0], der[start : start + length], der[start + length :]
