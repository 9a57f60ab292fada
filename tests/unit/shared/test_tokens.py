"""When tokens are renewed, and by how many flights."""

import threading
from collections.abc import Callable

import pytest

from shared.dicomweb.tokens import Token, TokenCredentials
from shared.errors import Denied, DestinationFault, Unavailable


class Issuer:
    def __init__(self, lifetime: float = 3600.0) -> None:
        self.lifetime = lifetime
        self.issued = 0
        self.fault: DestinationFault | None = None
        self.before: Callable[[], object] = lambda: None

    def fetch(self) -> Token:
        self.before()
        if self.fault:
            raise self.fault
        self.issued += 1
        return Token(f"token{self.issued}", self.lifetime)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(("lifetime", "renewed"), [(3600, 3300), (1200, 900), (40, 30)])
def test_a_token_is_renewed_ahead_of_its_end(clock: Clock, lifetime: float, renewed: float) -> None:
    credentials = TokenCredentials(Issuer(lifetime), clock)

    first = credentials.header()
    clock.now += renewed - 1
    second = credentials.header()
    clock.now += 1
    third = credentials.header()

    assert [first, second, third] == ["Bearer token1", "Bearer token1", "Bearer token2"]


def test_a_refused_token_is_renewed_once(clock: Clock) -> None:
    credentials = TokenCredentials(Issuer(), clock)
    old = credentials.header()

    renewed = credentials.header(refused=old)
    for_another_request = credentials.header(refused=old)

    assert renewed == for_another_request == "Bearer token2"


def test_many_requests_share_one_flight(clock: Clock) -> None:
    issuer = Issuer()
    credentials = TokenCredentials(issuer, clock)
    together = threading.Barrier(8)
    found: list[str] = []

    def ask() -> None:
        together.wait(5)
        found.append(credentials.header())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["Bearer token1"] * 8
    assert issuer.issued == 1


def test_an_issuer_out_of_order_costs_nothing_while_the_token_lives(clock: Clock) -> None:
    issuer = Issuer(lifetime=1200)
    credentials = TokenCredentials(issuer, clock)
    credentials.header()
    issuer.fault = Unavailable("down")

    clock.now += 901
    assert credentials.header() == "Bearer token1"
    clock.now += 300
    with pytest.raises(Unavailable):
        credentials.header()
    issuer.fault = None
    assert credentials.header() == "Bearer token2"


def test_a_refused_token_is_not_used_again_when_the_issuer_fails(clock: Clock) -> None:
    issuer = Issuer()
    credentials = TokenCredentials(issuer, clock)
    old = credentials.header()
    issuer.fault = Denied("no")

    with pytest.raises(Denied):
        credentials.header(refused=old)
