"""Redis over TLS, and where Sentinels say it is, with instances on their way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from redis.exceptions import RedisError

from shared.broker import connect, connect_worker
from shared.sections import RedisSettings
from tests.support.authority import Authority
from tests.support.delivery import settings, uploading
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from tests.support.redis_peers import RedisPeers, redis_peers
from tests.support.spools import keep
from tests.support.waiting import wait_until


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def encrypted(tmp_path: Path, authority: Authority) -> Iterator[RedisPeers]:
    with redis_peers(tmp_path, authority) as peers:
        yield peers


def answers(reach: RedisSettings) -> bool:
    with contextlib.suppress(RedisError), connect(reach) as client:
        return bool(client.ping())
    return False


def test_tls_is_trusted_by_the_authority_that_is_named(
    encrypted: RedisPeers, authority: Authority
) -> None:
    url = f"rediss://127.0.0.1:{encrypted.start()}/0"
    named = RedisSettings(url=url, ca_file=authority.certificate)

    wait_until(lambda: answers(named), 20, "Redis answers")

    with connect_worker(named) as client:
        assert client.ping()
    assert not answers(RedisSettings(url=url)), "the system does not trust it"


@pytest.mark.parametrize("address", ["sentinel", "sentinel:x", "sentinel:0", "redis://s:26379"])
def test_a_sentinel_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ValidationError, match="sentinels"):
        RedisSettings(sentinels=(address,))


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_failover_loses_nothing_that_was_kept(
    tmp_path: Path, authority: Authority, origin_server: OriginServer, *, tls: bool
) -> None:
    instances = [make(tmp_path, number) for number in range(30)]
    with redis_peers(tmp_path, authority if tls else None) as peers:
        first = peers.start()
        replica = peers.start(replica_of=first)
        scheme = "rediss" if tls else "redis"
        ca_file = authority.certificate if tls else None

        def info(port: int) -> dict[str, Any]:
            reach = RedisSettings(url=f"{scheme}://127.0.0.1:{port}/0", ca_file=ca_file)
            with contextlib.suppress(RedisError), connect(reach) as client:
                return dict(client.info("replication"))
            return {}

        wait_until(
            lambda: info(replica).get("master_link_status") == "up", 20, "the replica follows"
        )
        sentinel = peers.watch(first)
        reach = RedisSettings(
            url=f"{scheme}://unused/0",
            ca_file=ca_file,
            sentinels=(f"127.0.0.1:{sentinel}",),
            sentinel_service=peers.service,
        )
        wait_until(lambda: answers(reach), 20, "the Sentinel answers")
        assert info(first)["role"] == "master"
        with uploading(settings(reach, tmp_path, destination(origin_server.uri))) as site:
            site.keep(*instances[:10])
            site.drain.tick()
            site.keep(*instances[10:20])
            with connect(reach) as client:
                wait_until(
                    lambda: client.info("replication").get("connected_slaves") == 1,
                    20,
                    "the replica is known to the Sentinel's Redis",
                )
            peers.kill(first)
            for each in instances[20:]:
                keep(site.at.spool, each.path.read_bytes(), (site.destination.name,))
            wait_until(lambda: info(replica).get("role") == "master", 40, "a failover")
            wait_until(lambda: answers(reach), 20, "the new Redis is found")
            site.at.index.add(site.left)  # as a scan of the spool does
            site.run()

            assert not site.left
    assert origin_server.held.keys() == {each.uid for each in instances}
