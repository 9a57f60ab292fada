"""A token endpoint on loopback that believes nothing: it verifies assertions with real keys.

Speaks what Google's does (RFC 7523 2.1) and client credentials (RFC 6749 4.4, RFC 7523 2.2).
"""

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"  # google-auth's, whatever the address
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Refused(Exception):
    """The OAuth error code."""


def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def usual_key() -> rsa.RSAPrivateKey:
    """One for all tests that need no other: making one takes a while."""
    return private_key()


def pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@dataclass
class Issuer:
    """Tokens live `lifetime` seconds; `scopes` are what a client must ask for."""

    key: Key = field(default_factory=usual_key)
    lifetime: float = 3600.0
    client: str = "proxy@project.iam.gserviceaccount.com"
    client_secret: str = "s3cret of the client"
    subject_token: str = "token of the site's own identity provider"
    refresh_token: str = "of a user who has logged in"
    believes: Callable[[str], bool] | None = None  # a subject token, where that one is not fixed
    scopes: str | None = "https://www.googleapis.com/auth/cloud-healthcare"
    tls: ssl.SSLContext | None = None
    answer: Callable[["Handler"], bool] | None = None  # instead of a token, if it returns True
    issued: dict[str, float] = field(default_factory=dict)  # token: when it ends
    requests: int = 0
    refusals: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, Any]] = field(default_factory=list)  # of assertions
    used: set[str] = field(default_factory=set)  # assertions, which are good for one token

    def __enter__(self) -> Self:
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def uri(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://localhost:{self._server.server_address[1]}/token"

    def service_account(self) -> str:
        """A key file like Google's."""
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "project",
                "private_key_id": "1",
                "private_key": pem(self.key),
                "client_email": self.client,
                "client_id": "1",
                "token_uri": self.uri,
            }
        )

    def accepts(self, header: str) -> bool:
        """Whether an origin server would let this Authorization header in now."""
        kind, _, token = header.partition(" ")
        return kind == "Bearer" and time.monotonic() < self.issued.get(token, 0.0)

    def revoke(self) -> None:
        """Every token given so far is worth nothing."""
        self.issued.clear()

    def grant(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """`authorization`: the request's header."""
        self.forms.append(form)
        scope = form.get("scope")
        if form.get("grant_type") == JWT_GRANT:
            scope = self._verified(form["assertion"]).get("scope")
        elif form.get("grant_type") == TOKEN_EXCHANGE:
            shown = form.get("subject_token", "")
            if not (self.believes(shown) if self.believes else shown == self.subject_token):
                raise Refused("invalid_grant")
        elif form.get("grant_type") == "refresh_token":
            self._client(form, authorization)
            if form.get("refresh_token") != self.refresh_token:
                raise Refused("invalid_grant")
        elif form.get("grant_type") == "client_credentials":
            self._client(form, authorization)
        else:
            raise Refused("unsupported_grant_type")
        if scope != self.scopes:
            raise Refused("invalid_scope")
        self.requests += 1
        token = f"token-{self.requests}"
        self.issued[token] = time.monotonic() + self.lifetime
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}

    def _client(self, form: dict[str, str], authorization: str) -> None:
        if form.get("client_assertion_type") == JWT_ASSERTION:
            vouched = form.get("client_assertion"), form.get("client_id")
            if vouched == (self.subject_token, self.client):
                return
            claims = self._verified(form["client_assertion"])
            if claims.get("sub") != self.client or claims.get("jti") in self.used:
                raise Refused("invalid_client")
            self.used.add(claims["jti"])
            return
        shown = [form.get("client_id"), form.get("client_secret")]
        if authorization.startswith("Basic "):
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            shown = [unquote_plus(each) for each in pair.split(":")]
        if shown != [self.client, self.client_secret]:
            raise Refused("invalid_client")

    def _verified(self, assertion: str) -> dict[str, Any]:
        signed, _, signature = assertion.rpartition(".")
        header, claims = (json.loads(_decoded(each)) for each in signed.split("."))
        self.headers.append(header)
        try:
            self._verify(header["alg"], _decoded(signature), signed.encode())
        except InvalidSignature:
            raise Refused("invalid_grant") from None
        now = time.time()
        if claims["iss"] != self.client or claims["aud"] not in {self.uri, GOOGLE_AUDIENCE}:
            raise Refused("invalid_grant")
        if not claims["iat"] - 60 < now < claims["exp"] <= claims["iat"] + 3600:
            raise Refused("invalid_grant")
        return dict(claims)

    def _verify(self, algorithm: str, signature: bytes, signed: bytes) -> None:
        key = self.key.public_key()
        if isinstance(key, rsa.RSAPublicKey) and algorithm == "RS256":
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == "ES256":
            first, second = (
                int.from_bytes(each, "big") for each in (signature[:32], signature[32:])
            )
            key.verify(encode_dss_signature(first, second), signed, ec.ECDSA(hashes.SHA256()))
        else:
            raise InvalidSignature


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        issuer = self.server.issuer
        if issuer.answer and issuer.answer(self):
            return
        form = {name: values[0] for name, values in parse_qs(body).items()}
        try:
            self.respond(200, issuer.grant(form, self.headers.get("Authorization", "")))
        except Refused as refusal:
            issuer.refusals.append(str(refusal))
            self.respond(400, {"error": str(refusal), "error_description": "refused"})

    def respond(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], issuer: Issuer) -> None:
        super().__init__(address, Handler)
        self.issuer = issuer
        if issuer.tls:
            self.socket = issuer.tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Handshakes that fail are part of the tests."""
