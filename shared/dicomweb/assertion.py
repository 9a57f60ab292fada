"""JSON Web Tokens by which a client proves that it holds its private key (RFC 7523 3, RFC 7515)."""

import base64
import json
import time
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from shared.destination import Auth

LIFETIME = 300  # s; the shorter the better, but clocks differ
P256_HALF = 32  # bytes of each half of a signature (RFC 7518 3.4)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def assertion(auth: Auth) -> str:
    """Raises OSError, and ValueError for a file that is no key."""
    key = _key(auth)
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"}
    claims = {
        "iss": auth.client_id,
        "sub": auth.client_id,
        "aud": auth.token_uri,
        "jti": str(uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
    }
    signed = ".".join(_encoded(each) for each in (header | _names(auth), claims))
    return f"{signed}.{_base64url(_signature(key, signed.encode()))}"


def _key(auth: Auth) -> Key:
    if auth.private_key_file is None:
        raise ValueError("is not set")
    try:
        key = serialization.load_pem_private_key(auth.private_key_file.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        raise ValueError("holds no unencrypted private key in PEM") from None
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("holds a key that is neither RSA nor P-256")


def _names(auth: Auth) -> dict[str, str]:
    """How the token endpoint finds the key: by its ID, or its certificate's thumbprint (Entra)."""
    names = {"kid": auth.private_key_id} if auth.private_key_id else {}
    if auth.private_key_certificate_file:
        pem = auth.private_key_certificate_file.read_bytes()
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError:
            raise ValueError("has a private_key_certificate_file that is none in PEM") from None
        sha1 = certificate.fingerprint(hashes.SHA1())  # noqa: S303  # a name (RFC 7515 4.1.7)
        sha256 = certificate.fingerprint(hashes.SHA256())
        names |= {"x5t": _base64url(sha1), "x5t#S256": _base64url(sha256)}
    return names


def _signature(key: Key, signed: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    halves = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return b"".join(half.to_bytes(P256_HALF, "big") for half in halves)


def _encoded(part: object) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
