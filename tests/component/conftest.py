"""Peers that component tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.origin_server import OriginServer
from tests.support.redis_server import RedisServer


@pytest.fixture(scope="session")
def _redis_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(_redis_of_the_session: RedisServer) -> RedisServer:
    """An empty one, for tests that leave it running."""
    _redis_of_the_session.flush()
    return _redis_of_the_session


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """For tests that kill or hang it."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def origin_server() -> Iterator[OriginServer]:
    with OriginServer() as server:
        yield server
