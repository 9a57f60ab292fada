"""AWS keys as botocore's chain finds them: environment, files, roles of pods and machines."""

import threading
from pathlib import Path
from typing import TypeAlias

from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from shared import logs
from shared.destination import Destination
from shared.dicomweb.issuer import deadline
from shared.errors import ConfigurationError, Denied, DestinationFault, Unavailable
from shared.file_look import look

METADATA_TIMEOUT = 2  # seconds; the metadata service is on this machine
ATTEMPTS = 2  # at a token service; a hold follows, and then another
SERVER_ERROR = 500
NONE = "cannot be logged in to: there are no AWS credentials here"

Keys: TypeAlias = ReadOnlyCredentials
# RuntimeError: what was renewed has ended as well. ValueError: a file that is none of AWS'.
FAILURES = (BotoCoreError, ClientError, OSError, RuntimeError, ValueError)

log = logs.get(__name__)


class Chain:
    """Thread-safe: many ask, one at a time renews."""

    def __init__(self, destination: Destination) -> None:
        """Raises ConfigurationError for a profile or a file that is not there."""
        self._destination = destination
        self._lock = threading.Lock()
        self._found: Credentials | None = None
        self._last: Keys | None = None
        try:
            session = self._session()
            self.region: str = session.get_config_variable("region") or ""
            self._file = Path(session.get_config_variable("credentials_file")).expanduser()
            session.get_scoped_config()
            if destination.auth.credentials_file:
                self._file.read_bytes()
        except FAILURES as error:
            key = f"destinations.{destination.name}.auth"
            raise ConfigurationError(f"{key}: {_why(error)}") from None
        self._seen = look(self._file)

    def keys(self, refused: Keys | None = None) -> Keys:
        """Good ones; `refused`: those that were not taken, so look anew. The same if there are no
        others. Raises DestinationFault.
        """
        with self._lock:
            now = look(self._file)
            if now != self._seen or (refused is not None and refused == self._last):
                self._found, self._seen = None, now
            try:
                self._last = self._fresh()
            except FAILURES as error:
                if refused is not None or not self._last or not self._still_good():
                    raise _fault(error) from error
                log.warning("token.not_renewed", reason=_fault(error).reason)
            return self._last

    def _fresh(self) -> Keys:
        if self._found is None:
            self._found = self._session().get_credentials()
        if self._found is None:
            raise Denied(NONE)
        keys: Keys = self._found.get_frozen_credentials()
        return keys

    def _still_good(self) -> bool:
        """Those that could not be renewed, some minutes before their end."""
        needed = getattr(self._found, "refresh_needed", None)
        return bool(needed and not needed(refresh_in=0))

    def _session(self) -> Session:
        """A new one finds what is new in files and the environment."""
        auth = self._destination.auth
        # A profile that is named comes before the environment, as botocore has it.
        profile = auth.profile or ("default" if auth.credentials_file else None)
        session = Session(profile=profile)
        if auth.credentials_file:
            session.set_config_variable("credentials_file", str(auth.credentials_file))
        session.set_config_variable("metadata_service_timeout", METADATA_TIMEOUT)
        session.set_config_variable("metadata_service_num_attempts", ATTEMPTS)
        patience = deadline(self._destination)
        session.set_default_client_config(
            Config(
                connect_timeout=patience,
                read_timeout=patience,
                retries={"total_max_attempts": ATTEMPTS},
            )
        )
        return session


def _fault(error: Exception) -> DestinationFault:
    reason = f"cannot be logged in to: {_why(error)}"
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER_ERROR)
        return (Unavailable if status >= SERVER_ERROR else Denied)(reason)
    return Unavailable(reason)


def _why(error: Exception) -> str:
    """Without what a server or a file says: it could be anything."""
    if isinstance(error, ClientError):
        return "AWS' token service refuses us"
    if isinstance(error, OSError):
        return f"a credentials file cannot be read ({error.strerror})"
    return f"no AWS credentials can be had ({type(error).__name__})"
