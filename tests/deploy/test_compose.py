"""The Compose files: what is written into .env means the same to every service."""

from pathlib import Path
from typing import Any

import pytest

from shared.config import Settings, load
from shared.dimse.acceptor import memory_bound
from shared.needs import NOTHING
from shared.sections import PREFIX
from tests.support.compose_config import OURS, services

PROGRAM = 128 << 20  # bytes that a service takes by itself, and as much again
ENCRYPTED_ALONE = {
    "DICOMWEB_PROXY_RECEIVE__PLAIN": "false",
    "DICOMWEB_PROXY_RECEIVE__TLS_CLIENT_CA_FILE": "./secrets/modalities.pem",
}


def settings(service: dict[str, Any], tmp_path: Path, patch: pytest.MonkeyPatch) -> Settings:
    """As the service reads them, without a configuration file."""
    (file := tmp_path / "proxy.toml").touch()
    given = {**service["environment"], "DICOMWEB_PROXY_CONFIG": str(file)}
    for name, value in given.items():
        if name.startswith(PREFIX) and value is not None:
            patch.setenv(name, value)
    return load(needs=NOTHING)


def test_commands_in_the_admin_container_find_the_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = services(tmp_path)
    admin = found["admin"]

    for variable, name in (("DIMSE_RECEIVER", "receiver"), ("DIMSE_WORKLIST", "worklist")):
        host, _, port = admin["environment"][variable].partition(":")
        assert host == name
        assert int(port) in {each["target"] for each in found[host]["ports"]}
        assert admin["networks"].keys() & found[host]["networks"].keys()
    assert settings(admin, tmp_path, monkeypatch).sandbox, "with all that the others are told"


@pytest.mark.parametrize("overlays", [(), ("dicom-tls",)], ids=["plain", "tls"])
@pytest.mark.parametrize("name", ["receiver", "worklist"])
def test_memory_is_enough_for_all_that_associations_may_take(
    name: str, overlays: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = services(tmp_path, *overlays)[name]

    bound = memory_bound(settings(found, tmp_path, monkeypatch).receive)

    assert bound + PROGRAM <= int(found["mem_limit"])


@pytest.mark.parametrize("written", ["in .env", "in the shell"])
@pytest.mark.parametrize("name", OURS)
def test_without_plain_ports_every_service_starts(
    name: str, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(f"{key}={value}\n" for key, value in ENCRYPTED_ALONE.items())
    where: dict[str, Any] = {
        "in .env": {"dotenv": lines},
        "in the shell": {"shell": ENCRYPTED_ALONE},
    }

    found = services(tmp_path, "dicom-tls", **where[written])

    receive = settings(found[name], tmp_path, monkeypatch).receive
    assert not receive.plain
    assert receive.tls_client_ca_file == Path("secrets/modalities.pem")
    assert receive.tls_certificate_file == Path("secrets/dicom.crt")
