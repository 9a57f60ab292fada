"""OAuth 2 client credentials (RFC 6749 4.4): Entra, Keycloak and every other OIDC provider."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx

from shared.destination import Auth, Destination
from shared.dicomweb.assertion import assertion
from shared.dicomweb.auth import problem, read_secret
from shared.dicomweb.issuer import LIFETIME, issuer_client, issuer_faults, refusal
from shared.dicomweb.tokens import Token, TokenCredentials
from shared.errors import ConfigurationError, Denied

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientCredentials:
    """Secrets are read for each token, so that a rotated one is used at once."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._auth = destination.auth
        self._uri = destination.auth.token_uri or ""

    def fetch(self) -> Token:
        try:
            form, header = _request(self._auth)
        except (OSError, ValueError) as error:
            raise Denied(f"cannot be logged in to: the client's secret {problem(error)}") from error
        with issuer_faults(), issuer_client(self._destination, self._uri) as client:
            headers = {"Accept": "application/json", **header}
            response = client.post(self._uri, data=form, headers=headers)
        return _token(response)


def open_oauth2(destination: Destination) -> TokenCredentials:
    """Raises ConfigurationError for a secret or key that cannot be used."""
    auth = destination.auth
    checks: dict[str, Callable[[Path], object]] = {
        "client_secret_file": read_secret,
        "private_key_file": lambda _: assertion(auth),
        "client_assertion_file": read_secret,
    }
    for key, check in checks.items():
        path: Path | None = getattr(auth, key)
        try:
            if path:
                check(path)
        except (OSError, ValueError) as error:
            place = f"destinations.{destination.name}.auth.{key}"
            raise ConfigurationError(f"{place}: {path}: {problem(error)}") from None
    return TokenCredentials(ClientCredentials(destination))


def _request(auth: Auth) -> tuple[dict[str, str], dict[str, str]]:
    form = {"grant_type": "client_credentials"}
    if "scopes" in auth.model_fields_set:  # the default is Google's
        form["scope"] = " ".join(auth.scopes)
    if auth.audience:
        form["audience"] = auth.audience
    vouched = auth.client_assertion_file
    if auth.private_key_file or vouched:
        signed = read_secret(vouched) if vouched else assertion(auth)
        proof = {"client_assertion_type": ASSERTION, "client_assertion": signed}
        return form | {"client_id": auth.client_id} | proof, {}
    secret = read_secret(auth.client_secret_file) if auth.client_secret_file else ""
    if auth.client_secret_in == "body":  # noqa: S105  # a place, no secret
        return form | {"client_id": auth.client_id, "client_secret": secret}, {}
    # RFC 6749 2.3.1: both are form-encoded before they are joined.
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(secret)}"
    return form, {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _token(response: httpx.Response) -> Token:
    try:
        content: Any = response.json()
    except (ValueError, RecursionError):
        content = None
    found = content if isinstance(content, dict) else {}
    value = found.get("access_token")
    if response.status_code != httpx.codes.OK or not isinstance(value, str) or not value.isascii():
        raise refusal(response.status_code, found.get("error"))
    try:
        return Token(value, float(found.get("expires_in", LIFETIME)))
    except (TypeError, ValueError, OverflowError):
        return Token(value, LIFETIME)
