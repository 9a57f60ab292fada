"""Each of a destination's time-outs, by a peer that stays silent at that point alone."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.destination import Destination
from shared.errors import Unavailable
from tests.support import answers
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.logins import OF_ISSUERS, login
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from uploader.origin import Origin

SHORT, LONG = 0.4, 30.0  # s; the one that is meant, and all others


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Accepts connections, in the kernel, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def fails(target: Destination, folder: Path, reason: str) -> bool:
    """In about SHORT, not in LONG; a bound, no measure."""
    origin = Origin(target)
    began = time.monotonic()
    with pytest.raises(Unavailable, match=reason):
        origin.store([make(folder).path])
    origin.close()
    return time.monotonic() - began < LONG / 2


def test_a_server_that_accepts_no_connection(tls: Certificates) -> None:
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # beyond its backlog the kernel answers no SYN
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        uri = f"http://127.0.0.1:{full.getsockname()[1]}/studies"

        target = destination(uri, timeout=LONG, connect_timeout=SHORT)
        assert fails(target, tls.folder, "does not answer at its address")


@pytest.mark.parametrize("http2", [True, False])
def test_a_server_that_never_ends_the_handshake(
    silent: socket.socket, tls: Certificates, http2: bool
) -> None:
    uri = f"https://localhost:{silent.getsockname()[1]}/studies"

    target = destination(uri, timeout=LONG, connect_timeout=SHORT, http2=http2)
    assert fails(target, tls.folder, "does not answer at its address")


def test_a_server_that_never_answers(tls: Certificates) -> None:
    with OriginServer(tls=tls.server()) as server:
        server.always = answers.hang()

        target = destination(server.uri, ca_file=tls.ca_file, timeout=SHORT, connect_timeout=LONG)
        assert fails(target, tls.folder, "did not answer in time")


@pytest.mark.parametrize("kind", OF_ISSUERS)
def test_a_token_endpoint_that_never_answers(kind: str, tls: Certificates) -> None:
    with login(kind, tls) as mine, OriginServer(tls=tls.server()) as server:
        assert mine.issuer
        mine.issuer.answer = lambda handler: handler.server.issuer.stopping.wait()
        auth = mine.auth.model_copy(update={"token_timeout": SHORT})

        target = destination(server.uri, ca_file=tls.ca_file, auth=auth, timeout=LONG)
        assert fails(target, tls.folder, "token endpoint did not answer in time")
        assert server.requests == []
