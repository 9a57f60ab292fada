"""The examples of deploy/compose: Redis over TLS, and with Sentinels that fail over."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.authority import Authority
from tests.support.compose import ROOT, Composed, composed
from tests.support.sending import ARRIVAL, arrived, series, storescu
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack
EXAMPLES = ROOT / "deploy" / "compose"
SERVICES = ("receiver", "uploader", "redis", "sandbox")


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Composed]:
    authority = Authority(tmp_path)
    identity = authority.issue("redis", "redis")
    ca_file = ROOT / "secrets" / f"test-{uuid4().hex[:6]}.pem"
    ca_file.write_bytes(authority.certificate.read_bytes())
    for each in (ca_file, identity.certificate):
        each.chmod(0o444)  # the containers' users are not ours
    identity.key.chmod(0o400)
    given = {
        "DICOMWEB_PROXY_REDIS__CA_FILE": f"./secrets/{ca_file.name}",
        "REDIS_CERTIFICATE": str(identity.certificate),
        "REDIS_KEY": str(identity.key),
    }
    try:
        with composed(*SERVICES, given=given, extra=EXAMPLES / "redis-tls.yml") as system:
            yield system
    finally:
        ca_file.unlink()


def test_what_is_received_goes_by_redis_over_tls(encrypted: Composed, tmp_path: Path) -> None:
    (folder := tmp_path / "sent").mkdir()
    made = series(folder, study=1, count=20)

    assert storescu(encrypted, folder).wait(60) == 0

    wait_until(lambda: arrived(encrypted, made) == len(made), ARRIVAL, "all instances arrive")
    in_the_clear = encrypted.run("exec", "-T", "redis", "redis-cli", "ping", check=False)
    assert "PONG" not in in_the_clear.stdout


@pytest.fixture
def watched() -> Iterator[Composed]:
    sentinels = [f"sentinel_{number}" for number in (1, 2, 3)]
    up = (*SERVICES, "redis_replica", *sentinels)
    with composed(*up, extra=EXAMPLES / "redis-sentinel.yml") as system:
        yield system


def role(system: Composed, service: str) -> str:
    return system.run("exec", "-T", service, "redis-cli", "role").stdout.partition("\n")[0]


def test_sentinels_put_the_replica_in_place_of_a_redis_that_is_killed(
    watched: Composed, tmp_path: Path
) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    made = [*series(folders[0], study=1, count=200), *series(folders[1], study=2, count=100)]
    first = storescu(watched, folders[0])
    wait_until(lambda: arrived(watched, made) > 0, ARRIVAL, "the first instance arrives")

    watched.run("kill", "redis")

    assert first.wait(60) == 0, "the modality notices nothing"
    assert storescu(watched, folders[1]).wait(60) == 0
    wait_until(lambda: role(watched, "redis_replica") == "master", ARRIVAL, "a failover")
    wait_until(lambda: arrived(watched, made) == len(made), ARRIVAL, "all instances arrive")
