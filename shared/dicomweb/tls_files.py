"""Files of a destination's TLS, renewed while we run: our certificate, and whom we trust."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from shared import logs
from shared.destination import Destination
from shared.file_look import Look, look

# Empty: an encrypted key fails at once, instead of asking a terminal.
NO_PASSPHRASE = ""

log = logs.get(__name__)


class TlsFiles:
    """What files hold that were replaced is in force for connections made from then on.

    Who was trusted before stays trusted until a restart: a context forgets nobody.
    """

    def __init__(self, destination: Destination, context: ssl.SSLContext) -> None:
        auth, ca_file = destination.auth, destination.ca_file
        self._context = context
        self._watched: list[_Watched] = []
        if auth.client_certificate_file and auth.client_key_file:
            pair = auth.client_certificate_file, auth.client_key_file
            self._watched.append(_Watched(destination.name, pair, load_pair))
        if ca_file:
            self._watched.append(_Watched(destination.name, [ca_file], load_trust))

    def refresh(self) -> None:
        """A system call for each file where nothing has changed."""
        for each in self._watched:
            each.refresh(self._context)


class _Watched:
    def __init__(
        self,
        destination: str,
        files: Sequence[Path],
        load: Callable[[ssl.SSLContext, Sequence[Path]], None],
    ) -> None:
        self._destination = destination
        self._files = files
        self._load = load
        self._used = self._tried = self._looks()

    def refresh(self, context: ssl.SSLContext) -> None:
        now = self._looks()
        if None in now or now == self._used:
            return
        try:
            # Elsewhere first: half a pair, while the other half is written, must not take the old
            # one's place.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), self._files)
            self._load(context, self._files)
        except OSError as error:  # ssl.SSLError too
            if now != self._tried:
                log.warning(
                    "certificate.not_renewed",
                    destination=self._destination,
                    reason=error.strerror or "no certificate, or one of another key",
                )
        else:
            self._used = now
            log.info("certificate.renewed", destination=self._destination)
        self._tried = now

    def _looks(self) -> list[Look]:
        return [look(each) for each in self._files]


def load_pair(context: ssl.SSLContext, files: Sequence[Path]) -> None:
    """Certificate and key. Raises OSError; ssl.SSLError if they are no pair."""
    certificate, key = files
    context.load_cert_chain(certificate, key, password=NO_PASSPHRASE)


def load_trust(context: ssl.SSLContext, files: Sequence[Path]) -> None:
    """Raises OSError; ssl.SSLError if there are no certificates in it."""
    for each in files:
        context.load_verify_locations(each)
