"""From the revision that `previous` records to this one, with instances waiting."""

import subprocess
from pathlib import Path

import pytest

from tests.support.compose import ROOT, Composed, new_project, require_engine
from tests.support.sending import ARRIVAL, arrived, series, storescu
from tests.support.waiting import wait_until

pytestmark = pytest.mark.stack

PREVIOUS = Path(__file__).with_name("previous").read_text("ascii").strip()


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def revision() -> str:
    """The recorded one; the oldest that there is where a shallow clone left it out."""
    if git("rev-parse", "--is-shallow-repository").strip() == b"false":
        return PREVIOUS
    return git("rev-list", "HEAD").split()[-1].decode()


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A checkout of it."""
    (folder := tmp_path / "before").mkdir()
    archive = git("archive", "--format=tar", revision())
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def waiting(system: Composed) -> int:
    listed = system.run(
        "exec", "-T", "receiver", "find", "/var/spool/dicomweb-proxy", "-name", "*.dcm"
    )
    return len(listed.stdout.split())


@pytest.mark.timeout(600)
def test_what_an_earlier_version_acknowledged_is_sent_by_this_one(
    before: Path, tmp_path: Path
) -> None:
    require_engine()
    (first := tmp_path / "first").mkdir()
    (second := tmp_path / "second").mkdir()
    made = series(first, study=1, count=40)
    new = Composed(new_project())
    old = new.of(before)
    try:
        old.up("--build")
        old.run("stop", "uploader")
        assert storescu(old, first).wait(60) == 0
        assert waiting(old) == len(made)

        new.up("--build", "--scale", "uploader=2")

        made += series(second, study=2, count=5)
        assert storescu(new, second).wait(60) == 0
        wait_until(lambda: arrived(new, made) == len(made), ARRIVAL, "all instances arrive")
        wait_until(lambda: waiting(new) == 0, ARRIVAL, "the spool to be empty")
    finally:
        new.down()
