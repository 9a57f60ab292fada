"""Google tokens: google-auth knows the protocol, httpx carries it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import google.auth.exceptions
import google.auth.transport
import httpx
from google.oauth2 import service_account

from shared.destination import DEFAULT_SERVICE_ACCOUNT, Destination
from shared.dicomweb.auth import problem
from shared.dicomweb.tokens import Token, TokenCredentials
from shared.dicomweb.transport import ISSUER_DEADLINE, issuer_client
from shared.errors import ConfigurationError, Denied, DestinationFault, Unavailable

LIFETIME = 3600.0  # s of a token whose issuer does not say (RFC 6749 5.1); Google's live an hour
GoogleCredentials = Any  # google.auth.credentials.Credentials: google-auth has no types


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
    """What google-auth calls to speak to a token endpoint."""

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
        try:
            return Response(
                self._client.request(
                    method, url, content=body, headers=headers, timeout=timeout or ISSUER_DEADLINE
                )
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise google.auth.exceptions.TransportError(type(error).__name__) from error


class GoogleSource:
    def __init__(self, credentials: GoogleCredentials, destination: Destination) -> None:
        self._credentials = credentials
        self._destination = destination

    def fetch(self) -> Token:
        try:
            with issuer_client(self._destination, credentials_uri(self._credentials)) as client:
                self._credentials.refresh(Request(client))
        except google.auth.exceptions.GoogleAuthError as error:
            raise _fault(error) from error
        expiry = self._credentials.expiry  # naive, in UTC
        if expiry is None:
            return Token(self._credentials.token, LIFETIME)
        left = expiry.replace(tzinfo=UTC) - datetime.now(UTC)
        return Token(self._credentials.token, left.total_seconds())


def _fault(error: google.auth.exceptions.GoogleAuthError) -> DestinationFault:
    if isinstance(error, google.auth.exceptions.TransportError) or error.retryable:
        return Unavailable("cannot be logged in to: Google's token endpoint does not answer")
    return Denied("cannot be logged in to: Google's token endpoint refuses our credentials")


def open_google(destination: Destination) -> TokenCredentials:
    path = destination.auth.service_account_file or DEFAULT_SERVICE_ACCOUNT
    scopes = destination.auth.scopes
    try:
        credentials = _load(path, scopes)
    except (OSError, ValueError, google.auth.exceptions.GoogleAuthError) as error:
        key = f"destinations.{destination.name}.auth.service_account_file"
        text = problem(error) if isinstance(error, OSError | UnicodeDecodeError) else NO_KEY
        raise ConfigurationError(f"{key}: {path}: {text}") from None
    return TokenCredentials(GoogleSource(credentials, destination))


NO_KEY = "is no Google service-account key (the JSON file that the Cloud console gives)"


def credentials_uri(credentials: GoogleCredentials) -> str:
    return str(getattr(credentials, "_token_uri", "https://oauth2.googleapis.com/token"))


def _load(path: Path, scopes: Sequence[str]) -> GoogleCredentials:
    info = json.loads(path.read_text("utf-8"))
    load = _TYPES.get(str(info.get("type"))) if isinstance(info, dict) else None
    if load is None:
        raise ValueError(NO_KEY)
    return load(info, scopes)


def _service_account(info: dict[str, Any], scopes: Sequence[str]) -> GoogleCredentials:
    return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        info, scopes=list(scopes)
    )


_TYPES: dict[str, Callable[[dict[str, Any], Sequence[str]], GoogleCredentials]] = {
    "service_account": _service_account,
}
