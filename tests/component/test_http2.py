"""HTTP/2 against nginx: what is stored, refused and failed on ends as over HTTP/1.1."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from shared.dicomweb.client import open_async_client
from shared.errors import DestinationFault
from tests.support import answers
from tests.support.certificates import Certificates
from tests.support.delivery import settings, uploading
from tests.support.instances import make
from tests.support.nginx import Nginx, nginx
from tests.support.origin_server import Answer, OriginServer
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from uploader.origin import Origin
from uploader.outcome import BatchRefused


@pytest.fixture
def front(tls: Certificates, origin_server: OriginServer) -> Iterator[Nginx]:
    with nginx(tls, origin_server.port) as running:
        yield running


def at(front: Nginx, tls: Certificates, **more: Any) -> Origin:
    return Origin(destination(front.uri, ca_file=tls.ca_file, **{"http2": True, **more}))


def test_instances_of_every_size_arrive_unchanged(
    front: Nginx, tls: Certificates, origin_server: OriginServer
) -> None:
    made = [make(tls.folder, number, size=10**number) for number in range(3, 8)]
    origin = at(front, tls)

    outcomes = origin.store([each.path for each in made])
    [again] = origin.store([made[0].path])
    held = origin.verify(made[0].path)
    origin.close()

    assert all(each.delivered for each in (*outcomes, again))
    assert held is True
    assert {uid: each.part_sha256 for uid, each in origin_server.held.items()} == {
        each.uid: each.part_sha256 for each in made
    }
    wait_until(lambda: front.protocols == ["HTTP/2.0"] * 3)


@pytest.mark.parametrize(("theirs", "ours"), [(True, False), (False, True)])
def test_it_is_spoken_where_both_want_it(
    tls: Certificates, origin_server: OriginServer, theirs: bool, ours: bool
) -> None:
    with nginx(tls, origin_server.port, http2=theirs) as front:
        origin = at(front, tls, http2=ours)
        assert origin.store([make(tls.folder).path])[0].delivered
        origin.close()

        wait_until(lambda: front.protocols == ["HTTP/1.1"])


def test_the_worklist_speaks_it_too(front: Nginx, tls: Certificates) -> None:
    async def ask() -> str:
        target = destination(front.uri, ca_file=tls.ca_file, http2=True)
        async with open_async_client(target) as client:
            return (await client.get(f"{front.uri}/1.2/instances")).http_version

    assert asyncio.run(ask()) == "HTTP/2"


TABLE: dict[str, Answer] = {
    **{str(code): answers.status(code) for code in (400, 401, 403, 404, 409, 413, 429, 500, 503)},
    "retry after": answers.status(503, headers={"Retry-After": "7"}),
    "redirect": answers.redirect(302, "/login"),
    "login page": answers.login_page(),
    "nothing stored": answers.empty(store=False),
    "one refused": answers.partial({1: 0xA900}),
    "one unaccounted": answers.partial(omitted=[2]),
    "as XML": answers.partial({0: 272}, as_xml=True),
    "gzip": answers.gzipped(),
    "broken off": answers.drop(store=False),
    "early 401": answers.early(401),
    "early 413": answers.early(413),
    "early 503": answers.early(503),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_outcome_is_that_of_http_1(
    case: str, front: Nginx, tls: Certificates, origin_server: OriginServer
) -> None:
    size = 8_000_000 if "early" in case else 1000
    paths = [make(tls.folder, number, size=size).path for number in range(3)]

    def outcome(*, http2: bool) -> Any:
        origin_server.held.clear()
        origin_server.always = TABLE[case]
        origin = at(front, tls, http2=http2)
        try:
            return origin.store(paths)
        except DestinationFault as fault:
            return type(fault), fault.reason, fault.retry_after
        except BatchRefused as refused:
            return refused.outcome
        finally:
            origin.close()

    assert outcome(http2=True) == outcome(http2=False)
    wait_until(lambda: set(front.protocols) == {"HTTP/2.0", "HTTP/1.1"})


@pytest.mark.timeout(180)
def test_a_server_that_ends_connections_in_good_order_costs_no_attempt(
    tls: Certificates, origin_server: OriginServer, redis: RedisServer
) -> None:
    """It announces GOAWAY after each seventh request."""
    made = [make(tls.folder, number, size=1000) for number in range(1000)]
    with nginx(tls, origin_server.port, requests=7) as front:
        target = destination(front.uri, ca_file=tls.ca_file, http2=True, batch_instances=20)
        with uploading(settings(redis.settings, tls.folder, target, max_attempts=1)) as uploader:
            uploader.keep(*made)

            uploader.run(120)

            assert len(origin_server.holdings.stores) == len(origin_server.held) == 1000
            assert list(uploader.at.spool.quarantined()) == []
            wait_until(lambda: front.protocols == ["HTTP/2.0"] * 50)
