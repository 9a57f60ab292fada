"""Files of the services themselves, without which they do not start: for TLS, logins, audit."""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

from shared.config import Settings
from shared.dicomweb.tls_files import NO_PASSPHRASE
from shared.dimse.tls import Credentials
from shared.errors import ConfigurationError
from standalone.findings import FAIL, OK, Finding
from standalone.options import serves_elsewhere

NO_MODALITY = "receiver and worklist do not start: no modality is served"
NO_PAGE = "the status page does not start"
NO_TRAIL = "what happens is not written there: let the services' user write"


def services(settings: Settings) -> Iterator[Finding]:
    if settings.receive.tls_certificate_file:
        yield _of_dimse(settings)
    yield from _of_page(settings)
    if settings.audit.file and not serves_elsewhere():
        yield _of_audit(settings.audit.file)


def _of_dimse(settings: Settings) -> Finding:
    try:
        Credentials(settings.receive)
    except ConfigurationError as error:
        return Finding(FAIL, *_split(str(error)), NO_MODALITY)
    mutual = "whom it trusts, " if settings.receive.tls_client_ca_file else ""
    return Finding(OK, "DICOM TLS", f"certificate, {mutual}key can be used")


def _of_page(settings: Settings) -> Iterator[Finding]:
    page = settings.page
    if page.password_file:
        from standalone.page.passwords import Passwords, Unusable  # where it is used

        try:
            Passwords(page.password_file)
        except Unusable as error:
            yield Finding(FAIL, "page.password_file", f"{page.password_file}: {error}", NO_PAGE)
    if page.tls_certificate_file:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                page.tls_certificate_file, page.tls_key_file, password=NO_PASSPHRASE
            )
        except OSError as error:  # ssl.SSLError too
            why = getattr(error, "strerror", None) or error
            found = f"{page.tls_certificate_file}, {page.tls_key_file or 'no key'}: {why}"
            yield Finding(FAIL, "page.tls_certificate_file", found, NO_PAGE)


def _of_audit(file: Path) -> Finding:
    place = file if file.exists() else file.parent
    if os.access(place, os.W_OK) and not file.is_dir():
        return Finding(OK, "audit.file", f"{file} can be written")
    return Finding(FAIL, "audit.file", f"{file} cannot be written", NO_TRAIL)


def _split(mistake: str) -> tuple[str, str]:
    key, _, found = mistake.partition(": ")
    return key, found
