"""What OpenSSL calls the end of a handshake, in words for who runs the proxy or the device."""

import ssl

_NOT_TLS = "not TLS: a plain DICOM client on the port of TLS?"
_OLD = "the device speaks no TLS 1.2: receive.tls_legacy lets old versions in"
_NO_CIPHER = "the device offers no cipher that we take: receive.tls_legacy lets older ones in"
_NO_CERTIFICATE = "the device shows no certificate: receive.tls_client_ca_file asks for one"
_UNTRUSTED = "the device does not trust the authority of our certificate"
_DISLIKED = "the device does not accept our certificate"
_NO_METHOD = "the device offers no key exchange or signature that fits our certificate"

# OpenSSL's reason; those with ALERT in them came from the device.
WORDS = {
    "WRONG_VERSION_NUMBER": _NOT_TLS,
    "UNKNOWN_PROTOCOL": _NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": _NOT_TLS,
    "RECORD_LAYER_FAILURE": _NOT_TLS,
    "HTTP_REQUEST": "not TLS: somebody speaks HTTP",
    "UNSUPPORTED_PROTOCOL": _OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _OLD,
    "NO_SHARED_CIPHER": _NO_CIPHER,
    "NO_SUITABLE_SIGNATURE_ALGORITHM": _NO_METHOD,
    "NO_SHARED_SIGNATURE_ALGORITHMS": _NO_METHOD,
    "NO_SUITABLE_KEY_SHARE": _NO_METHOD,
    "NO_SHARED_GROUPS": _NO_METHOD,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": _NO_CERTIFICATE,
    "CERTIFICATE_VERIFY_FAILED": "we do not accept the certificate of the device",
    "TLSV1_ALERT_UNKNOWN_CA": _UNTRUSTED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the device says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the device says that our certificate is revoked",
    "SSLV3_ALERT_BAD_CERTIFICATE": _DISLIKED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISLIKED,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _DISLIKED,
    "TLSV1_ALERT_ACCESS_DENIED": "the device refuses us",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the device found no way to agree with us",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "the device wants stronger ciphers than we offer",
    "UNEXPECTED_EOF_WHILE_READING": "the device closed the connection in the handshake",
}


def worded(error: ssl.SSLError) -> str:
    """The reason for people, and OpenSSL's in brackets for a search."""
    name = error.reason or str(error)
    words = WORDS.get(name)
    if words is None:
        return name
    why = getattr(error, "verify_message", "")  # certificate has expired, ...
    return f"{words}: {why} ({name})" if why else f"{words} ({name})"
