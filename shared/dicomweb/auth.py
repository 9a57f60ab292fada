"""Authentication to a destination as httpx flows: one for all kinds, whatever makes the header.

A header is asked for before each request, and once more when the server answers 401 to it.
"""

import base64
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Protocol

import httpx

from shared.destination import Auth, AuthKind, Destination
from shared.dicomweb.own_thread import OwnThread
from shared.errors import ConfigurationError, Denied
from shared.file_look import Look, look

BODY_EXTENSION = "body"  # request.extensions key: the body as it can be read at once, without pace


class Credentials(Protocol):
    """Thread-safe: many requests ask, one at a time renews."""

    def header(self, refused: str | None = None) -> str:
        """The Authorization header; `refused`: the one that got 401, so another is wanted.

        The same again if there is no other. Raises DestinationFault.
        """
        ...

    @property
    def seconds_left(self) -> float | None:
        """Until they end; None where nobody knows."""
        ...


class HeaderAuth(httpx.Auth):
    """Sends the request, and once more after 401 if the credentials could be renewed."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.thread = OwnThread()

    @property
    def seconds_left(self) -> float | None:
        return self._credentials.seconds_left

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        header = self._credentials.header()
        request.headers["Authorization"] = header
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            renewed = self._credentials.header(refused=header)
            if renewed != header:
                request.headers["Authorization"] = renewed
                yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        header = await self.thread.run(self._credentials.header)
        request.headers["Authorization"] = header
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            renewed = await self.thread.run(self._credentials.header, header)
            if renewed != header:
                request.headers["Authorization"] = renewed
                yield request


class FileCredentials:
    """A secret in a file, read again when the file is replaced or rewritten."""

    seconds_left = None

    def __init__(self, path: Path, render: Callable[[str], str]) -> None:
        self._path = path
        self._render = render
        self._seen: Look = None
        self._header = ""

    def header(self, refused: str | None = None) -> str:
        try:
            seen = look(self._path)
            if refused is not None or seen is None or seen != self._seen:
                self._header = self._render(read_secret(self._path))
                self._seen = seen
        except (OSError, ValueError) as error:
            raise Denied(f"cannot be logged in to: {self._path}: {problem(error)}") from error
        return self._header


def read_secret(path: Path) -> str:
    """A secret of one line. A trailing newline is the editor's, not the secret's."""
    secret = path.read_text("utf-8").strip("\r\n")
    if not secret.strip() or any(not character.isprintable() for character in secret):
        raise ValueError("holds no secret of one line")
    return secret


def problem(error: OSError | ValueError) -> str:
    """Why a secret cannot be used, without a word of it."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    return str(error)


def seconds_left(auth: httpx.Auth | None) -> float | None:
    """Until the credentials of this flow end; None where nobody knows."""
    return auth.seconds_left if isinstance(auth, HeaderAuth) else None


def open_auth(destination: Destination) -> httpx.Auth | None:
    """The flow of a destination; ConfigurationError names a secret that cannot be used."""
    kind = destination.auth.kind or AuthKind.NONE
    if kind is AuthKind.AWS:
        return _aws(destination)
    credentials = _KINDS[kind](destination)
    return HeaderAuth(credentials) if credentials else None


def _none(_destination: Destination) -> None:
    return None


def _basic(destination: Destination) -> Credentials:
    username = destination.auth.username

    def render(password: str) -> str:
        return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()

    return _file(destination, "password_file", destination.auth, render)


def _bearer_file(destination: Destination) -> Credentials:
    def render(token: str) -> str:
        if not token.isascii() or " " in token.strip():  # RFC 6750 2.1
            raise ValueError("holds no bearer token")
        return f"Bearer {token.strip()}"

    return _file(destination, "token_file", destination.auth, render)


def _file(
    destination: Destination, key: str, auth: Auth, render: Callable[[str], str]
) -> Credentials:
    path: Path = getattr(auth, key)
    credentials = FileCredentials(path, render)
    try:
        render(read_secret(path))
    except (OSError, ValueError) as error:
        place = f"destinations.{destination.name}.auth.{key}"
        raise ConfigurationError(f"{place}: {path}: {problem(error)}") from None
    return credentials


def _google(destination: Destination) -> Credentials:
    from shared.dicomweb.google import open_google  # 0.1 s and cryptography: only where used

    return open_google(destination)


def _oauth2(destination: Destination) -> Credentials:
    from shared.dicomweb.oauth import open_oauth2

    return open_oauth2(destination)


def _aws(destination: Destination) -> httpx.Auth:
    try:
        from shared.dicomweb.aws import open_aws
    except ModuleNotFoundError as error:
        if error.name != "botocore":
            raise
        raise ConfigurationError(
            f'destinations.{destination.name}.auth.kind: "aws" needs the extra aws '
            "(requirements/aws.txt; the build argument AWS of images)"
        ) from None
    return open_aws(destination)


_KINDS: dict[AuthKind, Callable[[Destination], Credentials | None]] = {
    AuthKind.NONE: _none,
    AuthKind.BASIC: _basic,
    AuthKind.BEARER_FILE: _bearer_file,
    AuthKind.GOOGLE: _google,
    AuthKind.OAUTH2: _oauth2,
}
