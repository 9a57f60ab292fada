"""What a device puts in the place of a UID chooses no resource of the origin server."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.instances import make
from tests.support.origin_server import OriginServer, Recorded
from tests.support.origin_store import Duplicates
from tests.support.origins import destination
from uploader.origin import Origin
from uploader.outcome import Verdict

STUDIES = "/dicom-web/studies"
ELEMENT = b"\x20\0\x0d\0UI\x1a\0"  # (0020,000D) of 26 bytes


def resent(folder: Path, study: str, duplicates: Duplicates) -> tuple[Verdict, list[Recorded]]:
    """An archive has one of the same SOP Instance UID; what is asked of it then."""
    held, sent = make(folder), make(folder, salt=1)
    data = sent.path.read_bytes()
    before, after = (ELEMENT + each.encode().ljust(26, b"\0") for each in (sent.study, study))
    assert data.count(before) == 1
    sent.path.write_bytes(data.replace(before, after))
    with OriginServer(duplicates=duplicates) as server:
        origin = Origin(destination(server.uri, on_duplicate="overwrite"))
        origin.store([held.path])
        [outcome] = origin.store([sent.path])
        origin.close()
        return outcome.verdict, server.requests[1:]


@pytest.mark.parametrize("duplicates", [Duplicates.GOOGLE, Duplicates.BARE_CONFLICT])
@pytest.mark.parametrize(
    "study", ["1.2.840.999.1#", "1.2.840.999.1?", "../../admin/reset#", "..%2F..%2Fadmin", "..", ""]
)
def test_what_is_no_uid_leads_nowhere(tmp_path: Path, study: str, duplicates: Duplicates) -> None:
    verdict, requests = resent(tmp_path, study, duplicates)

    assert {each.method for each in requests} <= {"POST", "PUT"}
    assert {each.path for each in requests} == {STUDIES}
    assert verdict in {Verdict.CONFLICT, Verdict.REJECTED}


def test_a_uid_with_letters_is_looked_for_and_never_deleted(tmp_path: Path) -> None:
    _, asked = resent(tmp_path, "1.2.840.X-1_a", Duplicates.BARE_CONFLICT)
    verdict, others = resent(tmp_path, "1.2.840.X-1_a", Duplicates.GOOGLE)

    [search] = [urlsplit(each.path).path for each in asked if each.method == "GET"]
    assert search.startswith(f"{STUDIES}/1.2.840.X-1_a/series/")
    assert "DELETE" not in {each.method for each in others}
    assert verdict is Verdict.CONFLICT


def test_a_study_of_a_valid_uid_is_deleted_from_where_it_is(tmp_path: Path) -> None:
    _, requests = resent(tmp_path, "1.2.840.999.1", Duplicates.GOOGLE)

    [deleted] = [each.path for each in requests if each.method == "DELETE"]
    assert deleted == f"{STUDIES}/1.2.840.999.1/series/{make(tmp_path).series}/instances/" + (
        make(tmp_path).uid
    )
