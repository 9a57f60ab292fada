"""Google tokens: google-auth knows the protocols, httpx carries them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import google.auth.exceptions
import google.auth.transport
import httpx
from google.auth import identity_pool
from google.oauth2 import service_account

from shared.destination import Destination
from shared.dicomweb.auth import problem
from shared.dicomweb.issuer import DEADLINE, LIFETIME, issuer_client, issuer_faults, refusal
from shared.dicomweb.tokens import Token, TokenCredentials, TokenSource
from shared.errors import ConfigurationError, Denied, DestinationFault, Unavailable
from shared.google_defaults import default_file, metadata_host

METADATA = "/computeMetadata/v1/instance/service-accounts/default/token"
NO_KEY = "is no Google service-account key, nor a workload identity federation's configuration"
NOTHING = "no service-account file, and no Application Default Credentials here"

GoogleCredentials = Any  # google.auth.credentials.Credentials, whose methods have no types


class Response(google.auth.transport.Response):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def data(self) -> bytes:
        return self._response.content


class Request(google.auth.transport.Request):
    """What google-auth calls to speak to an issuer. Raises DestinationFault."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> Response:
        with issuer_faults():
            return Response(
                self._client.request(
                    method, url, content=body, headers=headers, timeout=timeout or DEADLINE
                )
            )


class GoogleSource:
    """Tokens by a service-account key (RFC 7523) or a federated identity (RFC 8693)."""

    def __init__(self, credentials: GoogleCredentials, destination: Destination) -> None:
        self._credentials = credentials
        self._destination = destination
        self._uri = str(getattr(credentials, "_token_uri", "https://sts.googleapis.com"))

    def fetch(self) -> Token:
        try:
            with issuer_client(self._destination, self._uri) as client:
                self._credentials.refresh(Request(client))
        except google.auth.exceptions.GoogleAuthError as error:
            raise _fault(error) from error
        expiry = self._credentials.expiry  # naive, in UTC
        if expiry is None:
            return Token(self._credentials.token, LIFETIME)
        left = expiry.replace(tzinfo=UTC) - datetime.now(UTC)
        return Token(self._credentials.token, left.total_seconds())


class MetadataSource:
    """Tokens of the machine's or pod's own service account, inside Google's cloud."""

    def __init__(self, host: str, destination: Destination) -> None:
        self._uri = f"http://{host}{METADATA}"  # a link-local address: never leaves the machine
        self._destination = destination

    def fetch(self) -> Token:
        scopes = ",".join(self._destination.auth.scopes)
        with issuer_faults(), issuer_client(self._destination, self._uri) as client:
            response = client.get(
                self._uri, params={"scopes": scopes}, headers={"Metadata-Flavor": "Google"}
            )
        try:
            found = response.json()
            return Token(str(found["access_token"]), float(found["expires_in"]))
        except (ValueError, KeyError, TypeError) as error:
            raise refusal(response.status_code, None) from error


def open_google(destination: Destination) -> TokenCredentials:
    """By a file, else by Application Default Credentials. Raises ConfigurationError."""
    path = destination.auth.service_account_file or default_file()
    host = metadata_host()
    source: TokenSource
    if path:
        source = GoogleSource(_loaded(path, destination), destination)
    elif host:
        source = MetadataSource(host, destination)
    else:
        raise ConfigurationError(f"destinations.{destination.name}.auth: {NOTHING}")
    return TokenCredentials(source)


def _loaded(path: Path, destination: Destination) -> GoogleCredentials:
    try:
        info = json.loads(path.read_text("utf-8"))
        return _TYPES[info["type"]](info, list(destination.auth.scopes))
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        google.auth.exceptions.GoogleAuthError,
    ) as error:
        key = f"destinations.{destination.name}.auth.service_account_file"
        text = problem(error) if isinstance(error, OSError | UnicodeDecodeError) else NO_KEY
        raise ConfigurationError(f"{key}: {path}: {text}") from None


def _service_account(info: dict[str, Any], scopes: Sequence[str]) -> GoogleCredentials:
    return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        info, scopes=scopes
    )


def _federated(info: dict[str, Any], scopes: Sequence[str]) -> GoogleCredentials:
    return identity_pool.Credentials.from_info(info, scopes=scopes)


_TYPES: dict[str, Callable[[dict[str, Any], Sequence[str]], GoogleCredentials]] = {
    "service_account": _service_account,
    "external_account": _federated,
}


def _fault(error: google.auth.exceptions.GoogleAuthError) -> DestinationFault:
    if error.retryable:
        return Unavailable("cannot be logged in to: its token endpoint is out of order")
    return Denied("cannot be logged in to: its token endpoint refuses our credentials")
