"""Google tokens: google-auth knows the protocols, httpx carries them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import google.auth.exceptions
import google.auth.transport
import httpx
from google.auth import aws, identity_pool
from google.oauth2 import credentials as user
from google.oauth2 import service_account

from shared.destination import Destination
from shared.dicomweb.auth import problem
from shared.dicomweb.issuer import LIFETIME, issuer_client, issuer_faults, refusal
from shared.dicomweb.tokens import Token, TokenCredentials, TokenSource
from shared.errors import ConfigurationError, Denied, DestinationFault, Unavailable
from shared.google_defaults import default_file, metadata_host

METADATA = "/computeMetadata/v1/instance/service-accounts/default/token"
USER_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
NO_KEY = "is no Google service-account key, nor a workload identity federation's configuration"
NOTHING = "no service-account file, and no Application Default Credentials here"

UNREADABLE = (OSError, ValueError, LookupError, TypeError, google.auth.exceptions.GoogleAuthError)

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
            patience = timeout or httpx.USE_CLIENT_DEFAULT
            return Response(
                self._client.request(method, url, content=body, headers=headers, timeout=patience)
            )


class GoogleSource:
    """Tokens by a service-account key (RFC 7523) or a federated identity (RFC 8693).

    The file is read for each token, so that a replaced key is used at once.
    """

    def __init__(self, path: Path, destination: Destination) -> None:
        self._path = path
        self._destination = destination

    def fetch(self) -> Token:
        try:
            credentials = _load(self._path, self._destination.auth.scopes)
        except UNREADABLE as error:
            raise Denied(f"cannot be logged in to: {self._path}: {_mistake(error)}") from error
        try:
            with issuer_client(self._destination, _uri(credentials)) as client:
                credentials.refresh(Request(client))
        except google.auth.exceptions.GoogleAuthError as error:
            raise _fault(error) from error
        if credentials.expiry is None:
            return Token(credentials.token, LIFETIME)
        left = credentials.expiry.replace(tzinfo=UTC) - datetime.now(UTC)  # naive, in UTC
        return Token(credentials.token, left.total_seconds())


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
        try:
            _load(path, destination.auth.scopes)
        except UNREADABLE as error:
            key = f"destinations.{destination.name}.auth.service_account_file"
            raise ConfigurationError(f"{key}: {path}: {_mistake(error)}") from None
        source = GoogleSource(path, destination)
    elif host:
        source = MetadataSource(host, destination)
    else:
        raise ConfigurationError(f"destinations.{destination.name}.auth: {NOTHING}")
    return TokenCredentials(source)


def _load(path: Path, scopes: Sequence[str]) -> GoogleCredentials:
    """Raises UNREADABLE."""
    info = json.loads(path.read_text("utf-8"))
    return _TYPES[info["type"]](info, list(scopes))


def _mistake(error: Exception) -> str:
    return problem(error) if isinstance(error, OSError | UnicodeDecodeError) else NO_KEY


def _uri(credentials: GoogleCredentials) -> str:
    """For the choice of a proxy."""
    return str(getattr(credentials, "_token_uri", "https://sts.googleapis.com"))


def _service_account(info: dict[str, Any], scopes: Sequence[str]) -> GoogleCredentials:
    return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        info, scopes=scopes
    )


def _federated(info: dict[str, Any], scopes: Sequence[str]) -> GoogleCredentials:
    source = info["credential_source"]
    if str(source.get("environment_id", "")).startswith("aws"):
        return aws.Credentials.from_info(info, scopes=scopes)
    return identity_pool.Credentials.from_info(info, scopes=scopes)


def _user(info: dict[str, Any], _scopes: Sequence[str]) -> GoogleCredentials:
    """Of `gcloud auth application-default login`, which has fixed the scopes."""
    return user.Credentials(  # type: ignore[no-untyped-call]
        None,
        refresh_token=info["refresh_token"],
        token_uri=info.get("token_uri", USER_TOKEN_URI),
        client_id=info["client_id"],
        client_secret=info["client_secret"],
    )


_TYPES: dict[str, Callable[[dict[str, Any], Sequence[str]], GoogleCredentials]] = {
    "service_account": _service_account,
    "external_account": _federated,
    "authorized_user": _user,
}


def _fault(error: google.auth.exceptions.GoogleAuthError) -> DestinationFault:
    if error.retryable:
        return Unavailable("cannot be logged in to: its token endpoint is out of order")
    return Denied("cannot be logged in to: its token endpoint refuses our credentials")
