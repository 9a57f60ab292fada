"""HTTP/2 servers that refuse, reset, go away or answer early: RFC 9113's own ways to fail."""

from collections.abc import Iterator

import pytest

from shared.errors import Denied, Unavailable
from tests.support import http2_server as scripted
from tests.support.certificates import Certificates
from tests.support.delivery import settings, uploading
from tests.support.http2_server import BIG, Answer, Http2Server, at
from tests.support.instances import make
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from uploader.outcome import BatchRefused


@pytest.fixture
def server(tls: Certificates) -> Iterator[Http2Server]:
    with Http2Server(tls.server()) as running:
        yield running


UNSEEN = [scripted.refuse, scripted.go_away_first]


@pytest.mark.parametrize("answer", UNSEEN)
@pytest.mark.parametrize("size", [1000, BIG])
def test_a_request_that_was_not_looked_at_is_sent_again_at_once(
    server: Http2Server, tls: Certificates, answer: Answer, size: int
) -> None:
    first, second = make(tls.folder, 1), make(tls.folder, 2, size=size)
    origin = at(server, tls)
    origin.store([first.path])
    server.script.append(answer)

    [outcome] = origin.store([second.path])

    assert outcome.delivered
    assert server.holdings.held[second.uid].part_sha256 == second.part_sha256
    assert server.connections == 2
    origin.close()


def test_a_server_that_never_looks_at_requests_is_out_of_order(
    server: Http2Server, tls: Certificates
) -> None:
    server.script.extend([scripted.refuse] * 100)
    origin = at(server, tls)

    with pytest.raises(Unavailable):
        origin.store([make(tls.folder).path])

    assert server.requests < 10
    origin.close()


def test_after_a_goaway_the_answer_is_awaited_and_the_next_request_connects_anew(
    server: Http2Server, tls: Certificates
) -> None:
    server.script.append(scripted.go_away_meanwhile)
    origin = at(server, tls)

    for number in (1, 2):
        [outcome] = origin.store([make(tls.folder, number, size=BIG).path])
        assert outcome.delivered

    assert (server.requests, server.connections) == (2, 2)
    origin.close()


def test_a_reset_in_the_middle_of_the_body_costs_no_attempt(
    server: Http2Server, tls: Certificates, redis: RedisServer
) -> None:
    made = [make(tls.folder, number, size=200_000) for number in range(20)]
    server.script.extend([scripted.reset, *UNSEEN, scripted.reset])
    target = destination(server.uri, ca_file=tls.ca_file, http2=True)
    with uploading(settings(redis.settings, tls.folder, target, max_attempts=1)) as uploader:
        uploader.keep(*made)

        uploader.run(50)

        assert {uid: each.part_sha256 for uid, each in server.holdings.held.items()} == {
            each.uid: each.part_sha256 for each in made
        }
        assert list(uploader.at.spool.quarantined()) == []


@pytest.mark.parametrize("then_reset", [True, False])
@pytest.mark.parametrize("stingy", [True, False])
@pytest.mark.parametrize(
    ("status", "raised"), [(401, Denied), (503, Unavailable), (413, BatchRefused)]
)
def test_an_answer_before_the_body_ends_is_heard(
    tls: Certificates, then_reset: bool, stingy: bool, status: int, raised: type[Exception]
) -> None:
    """`stingy`: the server takes no more of the body, and does not say so."""
    paths = [make(tls.folder, number, size=BIG).path for number in range(3)]
    with Http2Server(tls.server(), stingy=stingy) as server:
        server.script.append(scripted.early(status, then_reset=then_reset))
        origin = at(server, tls)

        with pytest.raises(raised, match=str(status)):
            origin.store(paths)

        server.stingy = False
        if not stingy:
            [outcome] = origin.store([paths[0]])
            assert outcome.delivered
        origin.close()


def test_an_interim_response_stops_nothing(server: Http2Server, tls: Certificates) -> None:
    server.script.append(scripted.interim)
    origin = at(server, tls)

    [outcome] = origin.store([make(tls.folder, size=BIG).path])

    assert outcome.delivered
    origin.close()


@pytest.mark.parametrize("stingy", [True, False])
def test_a_server_that_takes_nothing_or_says_nothing_is_given_up(
    tls: Certificates, stingy: bool
) -> None:
    with Http2Server(tls.server(), stingy=stingy) as server:
        server.script.append(scripted.silent)
        origin = at(server, tls, timeout=0.6)

        with pytest.raises(Unavailable, match="too slowly" if stingy else "in time"):
            origin.store([make(tls.folder, size=BIG).path])
        origin.close()


def test_a_connection_that_the_server_closed_while_idle_is_not_used(
    server: Http2Server, tls: Certificates
) -> None:
    origin = at(server, tls)
    origin.store([make(tls.folder, 1).path])
    server.hang_up()

    [outcome] = origin.store([make(tls.folder, 2).path])

    assert outcome.delivered
    origin.close()
