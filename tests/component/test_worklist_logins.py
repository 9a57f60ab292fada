"""Servers that log in beside others whose logins hang."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.destination import Auth, AuthKind, Destination
from shared.worklist_sections import WorklistSettings
from tests.support.aws import forget_this_machine
from tests.support.origins import secret
from tests.support.ups_items import YAMADA
from tests.support.ups_server import UpsServer
from worklist.presets import PRESETS
from worklist.search import Search
from worklist.upstream import Found, Upstream

EVERY_THREAD = 40  # asyncio's default pool has at most 32


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=EVERY_THREAD * 2) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def hanging(
    silent: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, Auth]:
    uri = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
    forget_this_machine(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
    return {
        "oauth2": Auth(
            kind=AuthKind.OAUTH2,
            token_uri=uri,
            client_id="proxy",
            client_secret_file=secret(tmp_path, "s3cret", "client"),
            token_timeout=2,
        ),
        "aws": Auth(kind=AuthKind.AWS, region="eu-central-1", service="medical-imaging"),
    }


@pytest.mark.parametrize("kind", ["oauth2", "aws"])
def test_a_login_that_hangs_holds_up_no_other_server(
    kind: str, hanging: dict[str, Auth], silent: socket.socket, tmp_path: Path
) -> None:
    password = secret(tmp_path, "s3cret", "password")
    good = Auth(kind=AuthKind.BASIC, username="proxy", password_file=password)

    async def run(uri: str) -> Found:
        stuck, other = (
            Upstream(
                Destination(name=name, worklist_uri=uri, auth=auth),
                WorklistSettings(deadline=1.5),
                PRESETS["generic"],
            )
            for name, auth in (("stuck", hanging[kind]), ("other", good))
        )
        waiting = [
            asyncio.ensure_future(stuck.find(Search(fixed=(("PatientID", f"P{number}"),))))
            for number in range(EVERY_THREAD)
        ]
        stuck_at, _ = await asyncio.get_running_loop().sock_accept(silent)
        try:
            return await other.find(Search(fixed=()))
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            stuck_at.close()
            await stuck.close()
            await other.close()

    with UpsServer([YAMADA]) as server:
        assert len(asyncio.run(run(server.workitems_uri)).workitems) == 1
