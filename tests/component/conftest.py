"""Peers that component tests share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.authority import Authority, Identity
from tests.support.certificates import Certificates, certificates
from tests.support.delivery import Begin, Uploading, settings, uploading
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from tests.support.status_page import Visit, page, password_file


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


@pytest.fixture
def tls(tmp_path: Path) -> Certificates:
    """Of a certificate authority of the test's own."""
    return certificates(tmp_path)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Of DICOM TLS, and of Redis over TLS."""
    return Authority(tmp_path)


@pytest.fixture
def ours(authority: Authority) -> Identity:
    return authority.issue("ours")


@pytest.fixture
def begin(redis: RedisServer, origin_server: OriginServer, tmp_path: Path) -> Iterator[Begin]:
    """An uploader with settings of the test's."""
    running: list[Any] = []

    def begun(to: dict[str, Any] | None = None, **upload: Any) -> Uploading:
        target = destination(origin_server.uri, **(to or {}))
        context = uploading(settings(redis.settings, tmp_path, target, **upload))
        running.append(context)
        return context.__enter__()

    yield begun
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def page_settings(tmp_path: Path, redis: RedisServer) -> dict[str, Any]:
    """Of a status page that one can log in to."""
    return {
        "UPLOAD__URI": "https://archive.example/studies",
        "REDIS__URL": redis.settings.url,
        "PAGE__PASSWORD_FILE": password_file(tmp_path),
        "AUDIT__TO": "file",
        "AUDIT__FILE": tmp_path / "audit.jsonl",
        "AUDIT__IDENTIFIERS": "true",
    }


@pytest.fixture
def visit(tmp_path: Path, page_settings: dict[str, Any]) -> Iterator[Visit]:
    """A visitor of a status page, who has not logged in."""
    with page(tmp_path, **page_settings) as found:
        yield found
