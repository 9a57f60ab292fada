"""Store transactions with a real Orthanc: what it takes arrives unchanged, the rest is not lost."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.destination import Auth, AuthKind, Destination
from shared.errors import Denied
from tests.support.instances import make
from tests.support.origins import destination, secret
from tests.support.orthanc import Orthanc, orthanc
from tests.support.pydicom_files import Storable, data_set_digest, storable_files
from uploader.instance import read_instance
from uploader.origin import Origin
from uploader.outcome import BatchRefused, Outcome, Verdict
from uploader.studies import Studies
from uploader.transcode import FORBIDDEN

QUOTA = 1  # MiB
USER, PASSWORD = "proxy", "a p:ässword"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of what is odd


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with orthanc(tmp_path_factory.mktemp("orthanc"), login=(USER, PASSWORD)) as running:
        yield running


@pytest.fixture
def settings(archive: Orthanc, tmp_path: Path) -> Destination:
    password = secret(tmp_path, PASSWORD + "\n")
    auth = Auth(kind=AuthKind.BASIC, username=USER, password_file=password)
    return destination(archive.studies, auth=auth, timeout=30.0)


@pytest.fixture
def origin(archive: Orthanc, settings: Destination) -> Iterator[Origin]:
    origin = Origin(settings)
    yield origin
    origin.close()
    archive.forget()


def sent_alone(origin: Origin, files: list[Path]) -> list[Outcome]:
    return [outcome for path in files for outcome in origin.store([path])]


def halved(origin: Origin, files: list[Path]) -> list[Outcome]:
    """What the uploader does with a batch that is refused."""
    try:
        return origin.store(files)
    except BatchRefused:
        middle = len(files) // 2
        return halved(origin, files[:middle]) + halved(origin, files[middle:])


def distinct() -> dict[str, Storable]:
    """By the UID in the data set; some files share one, of which an archive keeps one."""
    return {read_instance(each.path).sop_instance_uid: each for each in storable_files()}


def test_every_data_set_that_orthanc_takes_arrives_unchanged(
    archive: Orthanc, origin: Origin
) -> None:
    files = distinct()

    outcomes = sent_alone(origin, [each.path for each in files.values()])

    held = {uid: data_set_digest(content) for uid, content in archive.held().items()}
    stored = [uid for uid, outcome in zip(files, outcomes, strict=True) if outcome.delivered]
    assert len(stored) > 100
    assert set(stored) == set(held)
    untouched = [uid for uid in stored if files[uid].transfer_syntax_uid not in FORBIDDEN]
    assert len(untouched) > 50
    assert {files[uid].path.name for uid in untouched if held[uid] != files[uid].digest} == set()


def test_what_orthanc_refuses_is_never_called_stored(archive: Orthanc, origin: Origin) -> None:
    files = distinct()

    outcomes = halved(origin, [each.path for each in files.values()])

    held = set(archive.held())
    for uid, outcome in zip(files, outcomes, strict=True):
        assert outcome.delivered == (uid in held), files[uid].path.name


def test_the_same_instance_again_is_a_success(origin: Origin, tmp_path: Path) -> None:
    made = make(tmp_path)

    outcomes = [origin.store([made.path])[0] for _ in range(2)]

    assert [each.verdict for each in outcomes] == [Verdict.STORED] * 2


def test_orthanc_can_be_asked_what_it_has(origin: Origin, tmp_path: Path) -> None:
    there, missing = make(tmp_path), make(tmp_path, 2)
    origin.store([there.path])

    assert origin.verify(there.path) is True
    assert origin.verify(missing.path) is False


def test_what_orthanc_holds_is_compared_with_ours(
    settings: Destination, origin: Origin, tmp_path: Path
) -> None:
    made, other = make(tmp_path, size=300_000), make(tmp_path, size=300_000, salt=1)
    origin.store([made.path])
    studies = Studies(settings)

    assert studies.holds_the_same(read_instance(made.path))
    assert not studies.holds_the_same(read_instance(other.path))
    studies.close()


def test_an_idle_connection_that_orthanc_is_about_to_close_is_not_used(
    origin: Origin, tmp_path: Path
) -> None:
    for number in range(3):
        [outcome] = origin.store([make(tmp_path, number).path])
        assert outcome.delivered
        time.sleep(0.98)  # it closes after a second; no condition to wait for but the time itself


def test_a_wrong_password_denies_us(archive: Orthanc, tmp_path: Path) -> None:
    password = secret(tmp_path, "wrong")
    auth = Auth(kind=AuthKind.BASIC, username=USER, password_file=password)
    origin = Origin(destination(archive.studies, auth=auth))

    with pytest.raises(Denied):
        origin.store([make(tmp_path).path])
    origin.close()


def test_a_full_orthanc_answers_200_and_nothing_is_believed(tmp_path: Path) -> None:
    batch = [make(tmp_path, number, size=300_000) for number in range(6)]
    paths = [each.path for each in batch]
    folder = tmp_path / "full"
    folder.mkdir()
    with orthanc(folder, MaximumStorageSize=QUOTA, MaximumStorageMode="Reject") as full:
        origin = Origin(destination(full.studies))

        outcomes = origin.store(paths)

        held = {uid: hashlib.sha256(content).hexdigest() for uid, content in full.held().items()}
        assert {each.http_status for each in outcomes} == {200}
        assert 0 < len(held) < 6
        for each, outcome in zip(batch, outcomes, strict=True):
            expected = Verdict.STORED if each.uid in held else Verdict.UNACCOUNTED
            assert outcome.verdict is expected
            assert origin.verify(each.path) is (each.uid in held)
        origin.close()
