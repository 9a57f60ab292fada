"""DICOM TLS from a modality's side (PS3.15 B.12): what we trust and show, and why it failed."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from shared.dicomweb.tls_files import NO_PASSPHRASE
from shared.errors import ProxyError

ALERT = 1.0  # seconds: with TLS 1.3 a certificate is refused after the handshake, by an alert

# OpenSSL's reason; those with ALERT in them came from the other side.
WORDS = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS on this port",
    "PACKET_LENGTH_TOO_LONG": "it does not speak TLS on this port",
    "RECORD_LAYER_FAILURE": "it does not speak TLS on this port",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not to be trusted",
    "UNSUPPORTED_PROTOCOL": "it speaks no TLS 1.2",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it speaks no TLS 1.2",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it found no way to agree with us",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it asks for a certificate of ours",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust the authority of our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not accept our certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not accept our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "it says that our certificate is revoked",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "it does not accept our certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "it refuses us",
    "UNEXPECTED_EOF_WHILE_READING": "it closed the connection in the handshake",
}


class Unusable(ProxyError):
    """A file that TLS needs."""


@dataclass(frozen=True, slots=True)
class Trust:
    """PEM files. Without `authorities` those of the system count."""

    authorities: Path | None = None
    certificate: Path | None = None  # ours
    key: Path | None = None  # of it; None: it is in the same file
    anybody: bool = False  # whether its certificate may be whatever it likes


def context(trust: Trust) -> ssl.SSLContext:
    """Raises Unusable."""
    if trust.key and not trust.certificate:
        raise Unusable(f"{trust.key}: the certificate of this key is missing")
    try:
        made = ssl.create_default_context(cafile=trust.authorities)
    except OSError as error:  # ssl.SSLError too
        raise _unusable(trust.authorities, "certificates", error) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT  # few of hospitals' authorities keep to all of it
    if trust.anybody:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if trust.certificate:
        try:
            made.load_cert_chain(trust.certificate, trust.key, password=NO_PASSPHRASE)
        except OSError as error:
            raise _unusable(trust.certificate, "a certificate and its key", error) from None
    return made


def fault(plain: socket.socket, made: ssl.SSLContext, host: str) -> str:
    """Why a connection does not become one of TLS; empty where it does."""
    try:
        made.wrap_socket(plain, server_hostname=host).close()
    except TimeoutError:
        return "it does not answer"
    except ssl.SSLError as error:
        return _worded(error)
    except (OSError, ValueError):  # ValueError: a name that TLS cannot carry
        return "it closed the connection in the handshake"
    return ""


def fault_afterwards(plain: socket.socket, made: ssl.SSLContext, host: str) -> str:
    """As fault, of what the other side says, or does, once the handshake is over."""
    try:
        with made.wrap_socket(plain, server_hostname=host) as secure:
            secure.settimeout(ALERT)
            if secure.recv(1):
                return ""
    except TimeoutError:
        return ""
    except ssl.SSLError as error:
        return _worded(error)
    except OSError:  # reset
        pass
    return "it closes the connection: it may want a certificate of ours, or another one"


def _worded(error: ssl.SSLError) -> str:
    name = error.reason or str(error)
    why = getattr(error, "verify_message", "")  # certificate has expired, ...
    return f"{WORDS.get(name, name)}{f': {why}' if why else ''}"


def _unusable(path: Path | None, what: str, error: OSError) -> Unusable:
    if isinstance(error, ssl.SSLError):
        return Unusable(f"{path}: not {what} in PEM, without a password")
    return Unusable(f"{error.filename or path}: {(error.strerror or 'unreadable').lower()}")
