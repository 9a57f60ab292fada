"""Credentials that end while a thousand instances go, over TLS: for every kind, none lost.

The real drain sends; each token is verified by the one who issued it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.support import answers
from tests.support.certificates import Certificates
from tests.support.delivery import Uploading, settings, uploading
from tests.support.instances import Made, make
from tests.support.issuer import Handler
from tests.support.logins import KINDS, OF_FILES, OF_ISSUERS, Login, login
from tests.support.origin_server import Exchange, OriginServer, well
from tests.support.origins import destination
from tests.support.redis_server import RedisServer

INSTANCES = 1000
PATIENCE = 120.0  # s; some seconds, where nothing else runs
pytestmark = pytest.mark.timeout(180)


class Site:
    """An uploader whose only destination asks for a login of this kind."""

    def __init__(
        self, kind: str, tls: Certificates, redis: RedisServer, stack: ExitStack, **more: Any
    ) -> None:
        self.login: Login = stack.enter_context(login(kind, tls))
        self.server = stack.enter_context(OriginServer(tls=tls.server(), gate=self.login.gate))
        target = destination(
            self.server.uri, auth=self.login.auth, ca_file=tls.ca_file, **{"timeout": 5.0, **more}
        )
        made = settings(redis.settings, tls.folder, target, max_attempts=1)
        self.uploading: Uploading = stack.enter_context(uploading(made))

    def lost_nothing(self, made: list[Made]) -> bool:
        """All there as they were, nothing left, nothing set aside."""
        held = {uid: each.part_sha256 for uid, each in self.server.held.items()}
        assert held == {each.uid: each.part_sha256 for each in made}
        assert self.uploading.left == []
        assert list(self.uploading.at.spool.quarantined()) == []
        return True


@contextmanager
def site(kind: str, tls: Certificates, redis: RedisServer, **more: Any) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(kind, tls, redis, stack, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_that_are_replaced_in_the_middle_of_a_thousand_instances(
    kind: str, tls: Certificates, redis: RedisServer
) -> None:
    made = [make(tls.folder, number, size=1000) for number in range(INSTANCES)]
    with site(kind, tls, redis, batch_instances=20) as at:
        spoilt: list[int] = []

        def now_and_then(exchange: Exchange) -> None:
            well(exchange)
            if len(at.server.holdings.stores) >= 250 * (len(spoilt) + 1):
                spoilt.append(len(at.server.requests))
                at.login.spoil()

        at.server.always = now_and_then
        at.uploading.keep(*made)

        at.uploading.run(PATIENCE)

        assert len(spoilt) >= 3
        assert at.lost_nothing(made)
        assert len(at.server.holdings.stores) == INSTANCES  # each once: no batch failed half-way


@pytest.mark.parametrize("kind", OF_ISSUERS)
def test_tokens_that_end_by_themselves_in_the_middle_of_a_thousand_instances(
    kind: str, tls: Certificates, redis: RedisServer
) -> None:
    made = [make(tls.folder, number, size=1000) for number in range(INSTANCES)]
    with site(kind, tls, redis, batch_instances=20) as at:
        assert at.login.issuer
        at.login.issuer.lifetime = 0.6
        at.server.latency = 0.03
        at.uploading.keep(*made)

        at.uploading.run(PATIENCE)

        assert at.lost_nothing(made)
        assert at.login.issuer.requests >= 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_of_401_in_the_middle_of_a_body_has_it_sent_again_with_new_credentials(
    kind: str, tls: Certificates, redis: RedisServer
) -> None:
    made = [make(tls.folder, number, size=8_000_000) for number in (1, 2, 3)]
    refuse = answers.early(401)

    with site(kind, tls, redis) as at:

        def spoil(exchange: Exchange) -> None:
            at.login.spoil()
            refuse(exchange)

        at.server.script(spoil)
        at.uploading.keep(*made)

        at.uploading.run(PATIENCE)

        assert at.lost_nothing(made)
        seen = [each.headers["authorization"] for each in at.server.stores]
        assert len(seen) == len(set(seen)) == 2


@pytest.mark.parametrize("kind", OF_FILES)
def test_while_a_file_holds_what_the_server_no_longer_takes_the_destination_is_held(
    kind: str, tls: Certificates, redis: RedisServer
) -> None:
    """The server was told of the new secret first; and the 401 comes in the middle of a body."""
    made = [make(tls.folder, number, size=3_000_000) for number in range(4)]
    with site(kind, tls, redis) as at:
        at.server.always = answers.early(401)
        at.uploading.keep(*made)

        at.uploading.run_for(1.0)

        assert at.server.held == {}
        assert len(at.uploading.left) == len(made)
        at.login.spoil()
        at.server.always = well
        at.uploading.run(PATIENCE)
        assert at.lost_nothing(made)


def _broken(handler: Handler) -> bool:
    handler.respond(503, {"error": "temporarily_unavailable"})
    return True


def _refusing(handler: Handler) -> bool:
    handler.respond(401, {"error": "invalid_client"})
    return True


def _silent(handler: Handler) -> bool:
    handler.server.issuer.stopping.wait()
    return True


@pytest.mark.parametrize("answer", [_broken, _refusing, _silent])
@pytest.mark.parametrize("kind", OF_ISSUERS)
def test_a_token_endpoint_that_fails_or_hangs_holds_the_destination_and_costs_nothing(
    kind: str, answer: Any, tls: Certificates, redis: RedisServer
) -> None:
    made = [make(tls.folder, number) for number in range(70)]
    with site(kind, tls, redis, timeout=0.5) as at:
        assert at.login.issuer
        at.login.issuer.answer = answer
        at.uploading.keep(*made)

        at.uploading.run_for(1.5)

        assert at.server.requests == []
        assert len(at.uploading.left) == len(made)
        at.login.issuer.answer = None
        at.uploading.run(PATIENCE)
        assert at.lost_nothing(made)
