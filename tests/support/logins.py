"""Each way to log in by a header, and who checks it: for tests that hold for all."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.destination import Auth, AuthKind
from tests.support.certificates import Certificates
from tests.support.issuer import Issuer, pem
from tests.support.origin_server import Exchange
from tests.support.origins import secret


@dataclass
class Login:
    """`spoil`: what was good is refused from now on, and something else is to be had."""

    auth: Auth
    accepts: Callable[[str], bool]  # whether the server lets in this Authorization header
    spoil: Callable[[], None]
    issuer: Issuer | None = None

    def gate(self, exchange: Exchange) -> bool:
        """For OriginServer."""
        if self.accepts(exchange.headers.get("Authorization", "")):
            return False
        exchange.read_body()
        exchange.respond(401, headers={"WWW-Authenticate": "Bearer"})
        return True


def google(tls: Certificates) -> Iterator[Login]:
    with Issuer(tls=tls.server()) as issuer:
        key = secret(tls.folder, issuer.service_account(), "key.json")
        auth = Auth(kind=AuthKind.GOOGLE, service_account_file=key)
        yield Login(auth, issuer.accepts, issuer.revoke, issuer)


def _oauth2(tls: Certificates, key: str, content: Callable[[Issuer], str]) -> Iterator[Login]:
    with Issuer(tls=tls.server(), client="proxy", scopes=None) as issuer:
        auth = Auth.model_validate(
            {
                "kind": "oauth2",
                "token_uri": issuer.uri,
                "client_id": issuer.client,
                key: secret(tls.folder, content(issuer), key),
            }
        )
        yield Login(auth, issuer.accepts, issuer.revoke, issuer)


def client_secret(tls: Certificates) -> Iterator[Login]:
    return _oauth2(tls, "client_secret_file", lambda issuer: issuer.client_secret)


def private_key_jwt(tls: Certificates) -> Iterator[Login]:
    return _oauth2(tls, "private_key_file", lambda issuer: pem(issuer.key))


def _in_a_file(
    folder: Path, auth: Callable[[Path], Auth], header: Callable[[str], str]
) -> Iterator[Login]:
    number = 0
    file = secret(folder, "secret-0\n")

    def accepts(shown: str) -> bool:
        return shown == header(f"secret-{number}")

    def spoil() -> None:
        nonlocal number
        secret(folder, f"secret-{number + 1}\n", "next").rename(file)
        number += 1

    yield Login(auth(file), accepts, spoil)


def bearer_file(tls: Certificates) -> Iterator[Login]:
    return _in_a_file(
        tls.folder,
        lambda file: Auth(kind=AuthKind.BEARER_FILE, token_file=file),
        lambda value: f"Bearer {value}",
    )


def basic(tls: Certificates) -> Iterator[Login]:
    return _in_a_file(
        tls.folder,
        lambda file: Auth(kind=AuthKind.BASIC, username="proxy", password_file=file),
        lambda value: "Basic " + base64.b64encode(f"proxy:{value}".encode()).decode(),
    )


OF_ISSUERS = {
    "google": google,
    "client secret": client_secret,
    "private key": private_key_jwt,
}
OF_FILES = {"bearer file": bearer_file, "basic": basic}
KINDS = OF_ISSUERS | OF_FILES


@contextmanager
def login(kind: str, tls: Certificates) -> Iterator[Login]:
    yield from KINDS[kind](tls)
