"""Where AWS keys come from, how they end and are replaced, against a server that recomputes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ConfigurationError, Denied, DestinationFault, Unavailable
from tests.support.aws import KEY, SECRET, at, delivered, forget_this_machine, keys
from tests.support.aws_roles import ContainerRole, MachineRole, TokenService
from tests.support.certificates import Certificates
from tests.support.delivery import settings, uploading
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer, well
from tests.support.origins import secret
from tests.support.redis_server import RedisServer
from tests.support.sigv4 import Account, Verifier
from uploader.origin import Origin


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_this_machine(monkeypatch, tmp_path)


@pytest.fixture
def verifier() -> Verifier:
    return Verifier({KEY: Account(SECRET)})


@pytest.fixture
def server(verifier: Verifier, tls: Certificates) -> Iterator[OriginServer]:
    with OriginServer(tls=tls.server(), gate=verifier) as running:
        yield running


@pytest.fixture
def role(verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainerRole]:
    with ContainerRole() as running:
        verifier.accounts = running.accounts
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def test_a_replaced_file_is_used_at_once(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    origin = Origin(at(server, tls))
    assert origin.store([make(tls.folder, 1).path])[0].delivered
    verifier.accounts = {"AKIDOTHER": Account("another")}
    keys(tls.folder, "AKIDOTHER", "another")

    assert origin.store([make(tls.folder, 2).path])[0].delivered

    assert verifier.refusals == []
    origin.close()


def test_keys_that_stay_wrong_are_tried_once_and_hold(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    verifier.accounts = {KEY: Account("another")}

    with pytest.raises(DestinationFault):
        delivered(at(server, tls), make(tls.folder).path)

    assert verifier.refusals == ["SignatureDoesNotMatch"]


def test_the_environment_gives_keys_and_a_file_that_is_named_comes_first(
    server: OriginServer, verifier: Verifier, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the environment")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    verifier.accounts["ASIAENV"] = Account("of the environment", "session")

    assert delivered(at(server, tls, credentials_file=None), make(tls.folder, 1).path)
    assert delivered(at(server, tls), make(tls.folder, 2).path)

    assert verifier.seen == ["ASIAENV", KEY]


def test_a_profile_is_chosen_by_name(
    server: OriginServer, verifier: Verifier, tls: Certificates
) -> None:
    file = keys(tls.folder, profile="pacs")

    assert delivered(at(server, tls, credentials_file=file, profile="pacs"), make(tls.folder).path)
    assert verifier.seen == [KEY]


@pytest.mark.parametrize(
    "wrong", [{"profile": "nobody"}, {"credentials_file": Path("gone")}], ids=["profile", "file"]
)
def test_a_profile_or_a_file_that_is_not_there_is_a_mistake_in_the_configuration(
    server: OriginServer, tls: Certificates, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as error:
        Origin(at(server, tls, **wrong))

    [line] = error.value.mistakes
    assert line.startswith("destinations.cloud.auth")
    assert SECRET not in line


def test_without_any_credentials_the_destination_is_held(
    server: OriginServer, tls: Certificates
) -> None:
    with pytest.raises(Denied, match="no AWS credentials"):
        delivered(at(server, tls, credentials_file=None), make(tls.folder).path)

    assert server.requests == []


def test_the_role_of_a_machine_gives_keys(
    server: OriginServer, verifier: Verifier, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the instance metadata service (version 2), as on EC2."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    with MachineRole() as machine:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.uri)
        verifier.accounts = machine.accounts

        assert delivered(at(server, tls, credentials_file=None), make(tls.folder).path)

    assert verifier.refusals == []


def test_a_web_identity_is_exchanged_for_keys(
    server: OriginServer, verifier: Verifier, tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By AssumeRoleWithWebIdentity, as on EKS."""
    token = secret(tls.folder, "token of the pod's service account", "token")
    with TokenService(identity=token.read_text()) as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.uri)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/proxy")
        verifier.accounts = service.accounts

        assert delivered(at(server, tls, credentials_file=None), make(tls.folder, 1).path)
        assert verifier.refusals == []

        service.refuses = True
        verifier.accounts.clear()
        with pytest.raises(Denied, match="token service refuses us"):
            delivered(at(server, tls, credentials_file=None), make(tls.folder, 2).path)


def test_a_role_that_is_out_of_order_holds_the_destination(
    server: OriginServer, tls: Certificates, role: ContainerRole
) -> None:
    role.broken = True

    with pytest.raises(Unavailable, match="cannot be logged in to"):
        delivered(at(server, tls, credentials_file=None), make(tls.folder).path)

    assert server.requests == []


@pytest.mark.timeout(180)
def test_keys_of_a_role_end_and_are_revoked_in_the_middle_of_a_thousand_instances(
    server: OriginServer, tls: Certificates, role: ContainerRole, redis: RedisServer
) -> None:
    made = [make(tls.folder, number, size=1000) for number in range(1000)]
    role.lifetime = 1.0
    revoked: list[int] = []

    def now_and_then(exchange: Exchange) -> None:
        well(exchange)
        if len(server.held) >= 300 * (len(revoked) + 1):
            revoked.append(len(server.held))
            role.revoke()

    server.always = now_and_then
    target = at(server, tls, credentials_file=None).model_copy(update={"batch_instances": 20})
    with uploading(settings(redis.settings, tls.folder, target, max_attempts=1)) as uploader:
        uploader.keep(*made)

        uploader.run(120)

        assert len(revoked) == 3
        assert len(server.holdings.stores) == len(server.held) == len(made)
        assert {uid: each.part_sha256 for uid, each in server.held.items()} == {
            each.uid: each.part_sha256 for each in made
        }
        assert list(uploader.at.spool.quarantined()) == []
        assert role.asked > 3


def test_keys_that_cannot_be_renewed_ahead_of_their_end_are_used_until_then(
    server: OriginServer, tls: Certificates, role: ContainerRole
) -> None:
    role.lifetime = 300.0  # botocore wants others ten minutes before the end
    origin = Origin(at(server, tls, credentials_file=None))
    assert origin.store([make(tls.folder, 1).path])[0].delivered
    role.broken = True

    assert origin.store([make(tls.folder, 2).path])[0].delivered
    origin.close()


MISSING = """
import sys
class Gone:
    def find_spec(name, *_):
        if name == "botocore":
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Gone)
from pathlib import Path
from shared.dicomweb.client import open_client
from shared.config import load
open_client(load(Path(sys.argv[1])).destinations[0])
"""


def test_without_the_extra_it_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    site = tmp_path / "proxy.toml"
    site.write_text(
        '[[destinations]]\nname = "aws"\npreset = "aws"\nupload_uri = "https://archive.example/1"\n'
    )

    done = subprocess.run(
        [sys.executable, "-c", MISSING, site], capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert 'destinations.aws.auth.kind: "aws" needs the extra aws' in done.stderr
