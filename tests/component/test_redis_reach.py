"""Redis over TLS, and where Sentinels say it is, with instances on their way."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from redis.exceptions import RedisError

from shared.broker import connect, connect_worker, plain
from shared.sections import RedisSettings
from tests.support.authority import Authority
from tests.support.cli import Console
from tests.support.delivery import settings, uploading
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.origins import destination
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_peers import RedisPeers, redis_peers
from tests.support.spools import keep
from tests.support.waiting import wait_until


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


def why(reach: RedisSettings) -> str:
    """Of a Redis that runs, and does not answer."""
    told = "does not answer"

    def known() -> bool:
        nonlocal told
        try:
            with connect(reach, retries=0) as client:
                client.ping()
        except RedisError as error:
            told = plain(error)
        return told != "does not answer"

    wait_until(known, 20, "a reason")
    return told


def test_a_certificate_that_is_not_trusted_is_told_with_its_reason(
    encrypted: RedisPeers, authority: Authority, tmp_path: Path
) -> None:
    port = encrypted.start()
    other = Authority(tmp_path, "other").certificate
    elsewhere = RedisSettings(url=f"rediss://127.1:{port}/0", ca_file=authority.certificate)
    stranger = RedisSettings(url=f"rediss://127.0.0.1:{port}/0", ca_file=other)

    untrusted = "has a certificate that is not trusted: "
    assert why(stranger) == untrusted + "self-signed certificate in certificate chain"
    assert why(elsewhere) == untrusted + "Hostname mismatch", "and no address"


def test_whoever_is_asked_says_why_redis_is_not_trusted(
    encrypted: RedisPeers,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console(monkeypatch, capsys)
    port = encrypted.start()
    trusted = RedisSettings(url=f"rediss://127.0.0.1:{port}/0", ca_file=authority.certificate)
    wait_until(lambda: answers(trusted), 20, "Redis answers")
    other = Authority(tmp_path, "other").certificate
    console.set(REDIS__URL=trusted.url, REDIS__CA_FILE=other, SPOOL__PATH=tmp_path / "spool")
    console.set(UPLOAD__URI=f"http://127.0.0.1:{free_port()}/studies")

    said = "has a certificate that is not trusted: self-signed certificate in certificate chain"
    assert said in console("status").out
    assert said in console("check").out


def test_the_log_and_readiness_say_why_redis_is_not_trusted(
    encrypted: RedisPeers, tmp_path: Path
) -> None:
    reach = RedisSettings(
        url=f"rediss://127.0.0.1:{encrypted.start()}/0",
        ca_file=Authority(tmp_path, "other").certificate,
    )
    health = free_port()
    variables = {
        "REDIS__URL": reach.url,
        "REDIS__CA_FILE": reach.ca_file,
        "SPOOL__PATH": tmp_path / "spool",
        "UPLOAD__URI": f"http://127.0.0.1:{free_port()}/studies",
        "HEALTH__PORT": health,
    }
    said = "has a certificate that is not trusted: self-signed certificate in certificate chain"

    with Service("uploader", tmp_path, variables) as uploader:
        wait_until(lambda: said in str(uploader.ready()), 30, "/readyz says it")

        [lost] = uploader.events("redis.lost")
        assert lost["reason"] == said


def test_a_file_of_authorities_that_holds_none_is_told(
    encrypted: RedisPeers, tmp_path: Path
) -> None:
    (empty := tmp_path / "empty.pem").write_text("no certificate", "utf-8")
    reach = RedisSettings(url=f"rediss://127.0.0.1:{encrypted.start()}/0", ca_file=empty)

    assert why(reach) == "cannot be reached by TLS: no certificate or crl found"


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

            def told() -> bool:
                """As a scan of the spool does, which is begun anew where Redis goes once more."""
                with contextlib.suppress(RedisError):
                    site.at.index.add(site.left)
                    return True
                return False

            wait_until(told, 20, "the index is told")
            site.run()

            assert not site.left
    assert origin_server.held.keys() == {each.uid for each in instances}
