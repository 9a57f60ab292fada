"""Destinations that point at an origin server of the test."""

from pathlib import Path
from typing import Any

from shared.destination import Auth, AuthKind, Destination

PATIENCE = 5.0  # s; long enough for a busy machine, short enough for a test that must time out


def destination(uri: str, *, auth: Auth | None = None, **settings: Any) -> Destination:
    settings.setdefault("timeout", PATIENCE)
    return Destination(
        name="cloud", upload_uri=uri, auth=auth or Auth(kind=AuthKind.NONE), **settings
    )


def secret(folder: Path, content: str, name: str = "secret") -> Path:
    path = folder / name
    path.write_text(content, "utf-8")
    return path
