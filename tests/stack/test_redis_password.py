"""Redis with a password: those who know it get in, others do not."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.compose import Composed, require_engine

pytestmark = pytest.mark.stack


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Composed]:
    require_engine()
    password = tmp_path / "redis_password"
    password.write_text("not-a-secret\n", "utf-8")
    tmp_path.chmod(0o755)
    password.chmod(0o444)  # the containers' user is not ours
    variable = "DICOMWEB_PROXY_REDIS__PASSWORD_FILE"
    composed = Composed(
        f"dicomweb-proxy-test-{uuid4().hex[:6]}", environment={variable: str(password)}
    )
    try:
        composed.up("--build", "redis", "uploader")
        yield composed
    finally:
        composed.down()


def test_an_uploader_with_the_password_is_ready_and_others_are_refused(guarded: Composed) -> None:
    states = [each["State"]["Health"]["Status"] for each in guarded.containers()]
    asked = guarded.run("exec", "-T", "redis", "redis-cli", "ping").stdout

    assert states == ["healthy", "healthy"]
    assert "NOAUTH" in asked
    assert "not-a-secret" not in guarded.run("top", "redis").stdout
