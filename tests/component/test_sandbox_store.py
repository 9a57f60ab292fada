"""STOW-RS and WADO-RS of the sandbox, over HTTP."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.dataset import FileDataset
from pydicom.uid import UID, generate_uid

from tests.support.sandbox import sandbox
from tests.support.waiting import wait_until

BOUNDARY = "edge"
MULTIPART = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with sandbox(folder) as base, httpx.Client(base_url=base) as client:
        yield client


@pytest.fixture
def study() -> UID:
    """One of each test's own: they share a sandbox."""
    return generate_uid()


def ct(study: UID) -> FileDataset:
    found = dcmread(str(get_testdata_file("CT_small.dcm")))
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    found.StudyInstanceUID = study
    return found


def held(client: httpx.Client, study: UID) -> list[str]:
    answer = client.get(f"/studies/{study}/instances")
    found = answer.json() if answer.status_code == 200 else []
    return [each["00080018"]["Value"][0] for each in found]


def part10(instance: FileDataset) -> bytes:
    buffer = io.BytesIO()
    dcmwrite(buffer, instance)
    return buffer.getvalue()


def multipart(*parts: bytes, kind: str = "application/dicom") -> bytes:
    head = f"\r\n--{BOUNDARY}\r\nContent-Type: {kind}\r\n\r\n".encode()
    return b"".join(head + part for part in parts) + f"\r\n--{BOUNDARY}--\r\n".encode()


def store(client: httpx.Client, *parts: bytes, path: str = "/studies") -> httpx.Response:
    return client.post(path, content=multipart(*parts), headers={"Content-Type": MULTIPART})


def uids(answer: httpx.Response, sequence: str) -> list[str]:
    items: list[dict[str, Any]] = answer.json().get(sequence, {}).get("Value", [])
    return [item["00081155"]["Value"][0] for item in items]


def reasons(answer: httpx.Response, sequence: str) -> list[int]:
    return [item["00081197"]["Value"][0] for item in answer.json()[sequence]["Value"]]


def test_what_is_stored_is_named_and_comes_back_byte_for_byte(
    client: httpx.Client, study: UID
) -> None:
    first, second = ct(study), ct(study)

    answer = store(client, part10(first), part10(second))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/dicom+json"
    assert uids(answer, "00081199") == [first.SOPInstanceUID, second.SOPInstanceUID]
    url = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    single = client.get(url, headers={"Accept": "application/dicom"})
    assert single.content == part10(first)
    assert single.headers["Content-Type"] == "application/dicom"


def test_a_study_comes_back_as_multipart_with_its_length(client: httpx.Client, study: UID) -> None:
    made = [ct(study), ct(study)]
    store(client, *map(part10, made))

    answer = client.get(f"/studies/{made[0].StudyInstanceUID}")

    assert answer.headers["Content-Type"].startswith('multipart/related; type="application/dicom"')
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert all(part10(each) in answer.content for each in made)


def test_one_instance_may_be_sent_without_multipart(client: httpx.Client, study: UID) -> None:
    instance = ct(study)

    answer = client.post(
        "/studies", content=part10(instance), headers={"Content-Type": "application/dicom"}
    )

    assert uids(answer, "00081199") == [instance.SOPInstanceUID]


def test_the_same_bytes_again_are_stored_and_other_bytes_are_refused(
    client: httpx.Client, study: UID
) -> None:
    instance = ct(study)
    store(client, part10(instance))

    again = store(client, part10(instance))
    instance.PatientName = "SOMEONE^ELSE"
    other = store(client, part10(instance))

    assert (again.status_code, other.status_code) == (200, 409)
    assert reasons(other, "00081198") == [0x0111]
    found = client.get("/instances", params={"PatientName": "SOMEONE*"})
    assert found.status_code == 204


def test_garbage_beside_a_good_instance_fails_alone(client: httpx.Client, study: UID) -> None:
    instance = ct(study)

    answer = store(client, b"this is no DICOM", part10(instance), part10(ct(study))[:200])

    assert answer.status_code == 202
    assert uids(answer, "00081199") == [instance.SOPInstanceUID]
    assert reasons(answer, "0008119A") == [0xC000, 0xC000]


def test_an_instance_of_another_study_than_the_path_says_is_refused(
    client: httpx.Client, study: UID
) -> None:
    instance = ct(study)

    answer = store(client, part10(instance), path="/studies/1.2.3")

    assert answer.status_code == 409
    assert uids(answer, "00081198") == [instance.SOPInstanceUID]
    assert held(client, study) == []


@pytest.mark.parametrize(
    ("content_type", "content", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/related", b"", 415),
        (MULTIPART.replace("/dicom", "/dicom+json"), b"", 415),
        (MULTIPART, b"no boundary", 400),
        (MULTIPART, multipart(), 400),
        (MULTIPART, multipart(b"x", kind="text/plain"), 409),
    ],
)
def test_a_request_that_is_none_is_refused(
    client: httpx.Client, content_type: str, content: bytes, status: int
) -> None:
    answer = client.post("/studies", content=content, headers={"Content-Type": content_type})

    assert answer.status_code == status


def test_past_its_capacity_it_answers_507_and_says_so(tmp_path: Path, study: UID) -> None:
    with sandbox(tmp_path, "--capacity=2") as base, httpx.Client(base_url=base) as client:
        kept = [ct(study), ct(study)]
        store(client, *map(part10, kept))

        refused = store(client, part10(ct(study)))
        again = store(client, part10(kept[0]))
        ready = client.get("/readyz")

    assert refused.status_code == 507
    assert reasons(refused, "00081198") == [0xA700]
    assert again.status_code == 200
    assert (ready.status_code, ready.json()["status"]) == (503, "full")


def test_what_it_holds_outlives_a_restart(tmp_path: Path, study: UID) -> None:
    instance = ct(study)
    with sandbox(tmp_path) as base, httpx.Client(base_url=base) as client:
        store(client, part10(instance))

    with sandbox(tmp_path) as base, httpx.Client(base_url=base) as client:
        answer = client.get("/instances", params={"SOPInstanceUID": instance.SOPInstanceUID})

    assert len(answer.json()) == 1


def test_a_uid_never_becomes_a_path(client: httpx.Client, folder: Path, study: UID) -> None:
    evil = "../../../evil"
    instance = ct(study)
    instance.file_meta.MediaStorageSOPInstanceUID = UID("1.2")
    content = part10(instance).replace(
        str(instance.SOPInstanceUID).encode(), evil.ljust(len(instance.SOPInstanceUID)).encode()
    )

    store(client, content)

    assert not list(folder.rglob("*evil*"))
    assert {path.parent.parent for path in folder.rglob("*.dcm")} <= {folder / "data"}


def test_a_connection_lost_in_the_middle_leaves_nothing(
    client: httpx.Client, folder: Path, study: UID
) -> None:
    def broken() -> Iterator[bytes]:
        yield multipart(part10(ct(study)))[:5000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        client.post("/studies", content=broken(), headers={"Content-Type": MULTIPART})
    instance = ct(study)
    store(client, part10(instance))

    assert held(client, study) == [instance.SOPInstanceUID]
    incoming = folder / "data" / ".incoming"
    wait_until(lambda: not list(incoming.iterdir()), 10, "what was half received to be removed")
