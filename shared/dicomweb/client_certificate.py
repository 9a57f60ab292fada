"""The certificate that we show to a destination (mTLS), renewed while we run."""

import ssl
from pathlib import Path

from shared import logs
from shared.destination import Destination

# Empty: an encrypted key fails at once, instead of asking a terminal.
NO_PASSPHRASE = ""

log = logs.get(__name__)

Look = tuple[tuple[int, int, int], ...] | None  # of each file; None: one is not there


class ClientCertificate:
    """A renewed pair of files holds for the connections that are made from then on."""

    def __init__(self, destination: Destination, context: ssl.SSLContext) -> None:
        auth = destination.auth
        self._destination = destination.name
        self._context = context
        self._pair: tuple[Path, Path] | None = None
        if auth.client_certificate_file and auth.client_key_file:
            self._pair = auth.client_certificate_file, auth.client_key_file
        self._shown = self._tried = self._look()

    def refresh(self) -> None:
        """Two system calls where nothing has changed."""
        now = self._look()
        if self._pair is None or now is None or now == self._shown:
            return
        try:
            # Elsewhere first: half a pair, while the other half is written, must not take the old
            # one's place.
            load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), *self._pair)
            load(self._context, *self._pair)
        except OSError as error:  # ssl.SSLError too
            if now != self._tried:
                log.warning(
                    "certificate.not_renewed",
                    destination=self._destination,
                    reason=error.strerror or "no pair",
                )
        else:
            self._shown = now
            log.info("certificate.renewed", destination=self._destination)
        self._tried = now

    def _look(self) -> Look:
        try:
            found = [each.stat() for each in self._pair or ()]
        except OSError:
            return None
        return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)


def load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Raises OSError; ssl.SSLError if they are no pair."""
    context.load_cert_chain(certificate, key, password=NO_PASSPHRASE)
