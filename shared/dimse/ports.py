"""The ports that an acceptor listens on: which they are, whether they are free."""

from shared.listening import listen
from shared.sections import Receive


def ports(settings: Receive) -> list[int]:
    """Without TLS and with it; there is one at least."""
    secure = settings.tls_certificate_file is not None
    plain = [settings.port] if settings.plain else []
    return [*plain, settings.tls_port] if secure else plain


def places(settings: Receive) -> str:
    """For people."""
    return f"{settings.host}:{' or '.join(str(each) for each in ports(settings))}"


def probe(settings: Receive) -> None:
    """Where several processes of ours are to share ports, which they would with a stranger's too.

    Raises OSError for one that is taken.
    """
    if settings.processes == 1:  # which finds out when it listens
        return
    for port in ports(settings):
        for each in listen(settings.host, port, shared=False):
            each.close()
