"""Destinations that sign for AWS, in tests that know no credentials but their own."""

from pathlib import Path
from typing import Any

import pytest

from shared.destination import Auth, AuthKind, Destination
from tests.support.certificates import Certificates
from tests.support.origin_server import OriginServer
from tests.support.origins import destination, secret
from uploader.origin import Origin

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"


def forget_this_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """No credentials of the environment, and no metadata service is looked for."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "none"))
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)


def keys(folder: Path, key: str = KEY, value: str = SECRET, profile: str = "default") -> Path:
    """A shared credentials file, put in place at once."""
    content = f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = {value}\n"
    return secret(folder, content, "new").rename(folder / "credentials")


def at(server: OriginServer, tls: Certificates, **auth: Any) -> Destination:
    """By a file, unless `credentials_file` is None."""
    if "credentials_file" not in auth:
        auth["credentials_file"] = keys(tls.folder)
    given = Auth.model_validate({"kind": AuthKind.AWS, "region": REGION, **auth})
    return destination(server.uri, auth=given, ca_file=tls.ca_file)


def delivered(target: Destination, *paths: Path) -> bool:
    origin = Origin(target)
    try:
        return all(each.delivered for each in origin.store(paths))
    finally:
        origin.close()
