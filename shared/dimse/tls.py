"""DICOM TLS (PS3.15 B.12, which is BCP 195): a context from files, made anew when they change."""

import ssl
from pathlib import Path

from shared import logs
from shared.errors import ConfigurationError
from shared.file_look import Look, look
from shared.sections import Receive

BCP_195 = "ECDHE+AESGCM:ECDHE+CHACHA20"  # AEAD with forward secrecy; TLS 1.3 has nothing else
LEGACY = f"{BCP_195}:ECDHE+AES:kRSA+AES:@SECLEVEL=0"

log = logs.get(__name__)


class Credentials:
    """Our certificate, its key, and whose certificates we accept."""

    def __init__(self, settings: Receive) -> None:
        """Raises ConfigurationError."""
        self._settings = settings
        self._used = self._tried = self._looks()
        self.context = _context(settings)

    def refresh(self) -> None:
        """Take up files that have changed. Connections there are keep what they began with."""
        now = self._looks()
        if now == self._used:
            return
        try:
            self.context = _context(self._settings)
        except ConfigurationError as error:  # half written, or wrong: what we had is still good
            # Tried again each time: that it may be read now need not show in how a file looks.
            if now != self._tried:
                log.error("tls.not_renewed", reason=str(error))
        else:
            self._used = now
            log.info("tls.renewed")
        self._tried = now

    def _looks(self) -> list[Look]:
        return [look(path) for path in _files(self._settings).values()]


def _context(settings: Receive) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION
    if settings.tls_legacy:
        # Naming the versions would make Python warn of them.
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers(LEGACY)
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(BCP_195)
    files = _files(settings)
    for name, path in files.items():
        _check(name, path)
    key = settings.tls_key_file
    try:
        context.load_cert_chain(files["tls_certificate_file"], key, password=_refuse_password)
    except (OSError, ValueError) as error:  # ssl.SSLError too, and that it is gone just now
        name = "tls_key_file" if key else "tls_certificate_file"
        raise ConfigurationError(f"receive.{name}: no key for the certificate ({error})") from None
    if settings.tls_client_ca_file:
        _require_certificates(context, settings.tls_client_ca_file)
    return context


def _require_certificates(context: ssl.SSLContext, authorities: Path) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(authorities)
    except OSError as error:  # as above
        raise ConfigurationError(
            f"receive.tls_client_ca_file: no certificates in it ({error})"
        ) from None


def _files(settings: Receive) -> dict[str, Path]:
    named = {
        "tls_certificate_file": settings.tls_certificate_file,
        "tls_key_file": settings.tls_key_file,
        "tls_client_ca_file": settings.tls_client_ca_file,
    }
    return {name: path for name, path in named.items() if path}


def _check(name: str, path: Path) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        reason = f"{path} cannot be read ({error.strerror})"
        raise ConfigurationError(f"receive.{name}: {reason}") from None


def _refuse_password() -> str:
    raise ValueError("it must not be encrypted")
