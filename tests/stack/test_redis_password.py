"""Redis with a password: those who know it get in, others do not."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.compose import ROOT, Composed, composed

pytestmark = pytest.mark.stack
SECRETS = ROOT / "secrets"


@pytest.fixture
def guarded() -> Iterator[Composed]:
    name = f"test-{uuid4().hex[:6]}"
    password = SECRETS / name
    password.write_text("not-a-secret\n", "utf-8")
    password.chmod(0o444)  # the containers' user is not ours
    given = {"DICOMWEB_PROXY_REDIS__PASSWORD_FILE": f"./secrets/{name}"}
    try:
        with composed("redis", "uploader", given=given) as system:
            yield system
    finally:
        password.unlink()


def test_an_uploader_with_the_password_is_ready_and_others_are_refused(guarded: Composed) -> None:
    states = [each["State"]["Health"]["Status"] for each in guarded.containers()]
    asked = guarded.run("exec", "-T", "redis", "redis-cli", "ping").stdout

    assert states == ["healthy", "healthy"]
    assert "NOAUTH" in asked
    assert "not-a-secret" not in guarded.run("top", "redis").stdout
