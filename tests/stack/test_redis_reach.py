"""The examples of deploy/compose: TLS for Redis and for DICOM, and Sentinels that fail over."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.authority import Authority, Identity
from tests.support.compose import ROOT, Composed, composed
from tests.support.dcmtk import run
from tests.support.ports import free_port
from tests.support.sending import ARRIVAL, arrived, series, storescu
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack
EXAMPLES = ROOT / "deploy" / "compose"
USER = 10001  # of our containers, to whom docs/operations.md gives all secrets
OWNER = USER if os.geteuid() == 0 else -1
SERVICES = ("receiver", "uploader", "redis", "sandbox")


@dataclass
class Encrypted:
    system: Composed
    authority: Authority
    ports: dict[str, int]  # with DICOM TLS


def documented() -> str:
    """The commands in redis-tls.yml that make an authority and a certificate."""
    lines = (EXAMPLES / "redis-tls.yml").read_text("utf-8").splitlines()
    commands = [each.removeprefix("#   ") for each in lines if each.startswith("#   ")]
    return "\n".join(commands[1:])  # behind the one that starts it


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Encrypted]:
    authority = Authority(tmp_path)
    ours = authority.issue("dicom")
    (made := tmp_path / "made").mkdir()
    subprocess.run(["sh", "-euc", documented()], check=True, cwd=made, capture_output=True)
    identity, issuer = Identity(made / "redis.crt", made / "redis.key"), made / "redis_ca.pem"
    for each in (identity.certificate, identity.key):
        os.chown(each, OWNER, OWNER)
        each.chmod(0o400)
    mark = f"test-{uuid4().hex[:6]}"
    secrets = {
        "DICOMWEB_PROXY_REDIS__CA_FILE": issuer,
        "DICOMWEB_PROXY_RECEIVE__TLS_CERTIFICATE_FILE": ours.certificate,
        "DICOMWEB_PROXY_RECEIVE__TLS_KEY_FILE": ours.key,
    }
    ports = {"DICOM_TLS_PORT": free_port(), "WORKLIST_TLS_PORT": free_port()}
    given = {"REDIS_CERTIFICATE": str(identity.certificate), "REDIS_KEY": str(identity.key)}
    placed = []
    for variable, source in secrets.items():
        placed.append(ROOT / "secrets" / f"{mark}-{source.name}")
        placed[-1].write_bytes(source.read_bytes())
        placed[-1].chmod(0o400 if OWNER == USER else 0o444)
        os.chown(placed[-1], OWNER, OWNER)
        given[variable] = f"./secrets/{placed[-1].name}"
    extra = [EXAMPLES / "redis-tls.yml", EXAMPLES / "dicom-tls.yml"]
    given |= {name: str(port) for name, port in ports.items()}
    try:
        with composed(*SERVICES, "worklist", given=given, extra=extra) as system:
            yield Encrypted(system, authority, ports)
    finally:
        for each in placed:
            each.unlink()


def test_what_is_received_goes_by_redis_over_tls(encrypted: Encrypted, tmp_path: Path) -> None:
    system = encrypted.system
    (folder := tmp_path / "sent").mkdir()
    made = series(folder, study=1, count=20)

    assert storescu(system, folder).wait(60) == 0

    wait_until(lambda: arrived(system, made) == len(made), ARRIVAL, "all instances arrive")
    in_the_clear = system.run("exec", "-T", "redis", "redis-cli", "ping", check=False)
    assert "PONG" not in in_the_clear.stdout
    for port in encrypted.ports.values():  # DICOM TLS
        trust = ["+tla", "+cf", str(encrypted.authority.certificate)]
        assert run("echoscu", *trust, "127.0.0.1", port).returncode == 0


@pytest.fixture
def watched() -> Iterator[Composed]:
    sentinels = [f"sentinel_{number}" for number in (1, 2, 3)]
    up = (*SERVICES, "redis_replica", *sentinels)
    with composed(*up, extra=[EXAMPLES / "redis-sentinel.yml"]) as system:
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
