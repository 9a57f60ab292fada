"""`check` warns of secrets that anybody may read."""

from pathlib import Path

import pytest

from shared.config import Settings
from shared.destination import Auth, AuthKind, Destination
from standalone.check_secrets import secrets


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_secret_that_everybody_can_read_is_told(
    tmp_path: Path, mode: int, *, warned: bool
) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    file.chmod(mode)
    auth = Auth(kind=AuthKind.BASIC, username="me", password_file=file)
    cloud = Destination(name="cloud", upload_uri="https://archive/studies", auth=auth)

    found = list(secrets(Settings(destinations=(cloud,))))

    assert [each.subject for each in found] == ["destinations.cloud.auth.password_file"] * warned


def test_what_is_not_there_is_not_ours_to_tell(tmp_path: Path) -> None:
    auth = Auth(kind=AuthKind.BASIC, username="me", password_file=tmp_path / "password")
    cloud = Destination(name="cloud", upload_uri="https://archive/studies", auth=auth)

    assert not list(secrets(Settings(destinations=(cloud,))))


def test_a_certificate_is_no_secret(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    for each, mode in ((certificate, 0o644), (key, 0o600)):
        each.write_text("PEM")
        each.chmod(mode)
    auth = Auth(client_certificate_file=certificate, client_key_file=key)
    cloud = Destination(name="cloud", upload_uri="https://archive/studies", auth=auth)

    assert not list(secrets(Settings(destinations=(cloud,))))
