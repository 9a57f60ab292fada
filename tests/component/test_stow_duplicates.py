"""An origin server that has the instance already, and each way of saying so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import Unavailable
from tests.support import answers
from tests.support.instances import Made, make
from tests.support.origin_server import Answer, OriginServer
from tests.support.origin_store import Duplicates
from tests.support.origins import destination
from uploader.origin import Origin
from uploader.outcome import Outcome, Verdict

UNEXPLAINED = [Duplicates.AZURE, Duplicates.BARE_CONFLICT]
STORED, DUPLICATE, CONFLICT = Verdict.STORED, Verdict.DUPLICATE, Verdict.CONFLICT


@pytest.fixture
def server() -> Iterator[OriginServer]:
    with OriginServer() as origin_server:
        yield origin_server


def send(server: OriginServer, *made: Made, ambiguous: bool = False, policy: str) -> list[Outcome]:
    origin = Origin(destination(server.uri, on_duplicate=policy))
    try:
        return origin.store([each.path for each in made], ambiguous=ambiguous)
    finally:
        origin.close()


@pytest.mark.parametrize("policy", ["accept", "quarantine", "overwrite"])
@pytest.mark.parametrize("duplicates", [Duplicates.LIKE_NEW, Duplicates.GOOGLE])
def test_the_same_bytes_again_are_a_success(
    server: OriginServer, tmp_path: Path, policy: str, duplicates: Duplicates
) -> None:
    server.holdings.duplicates = duplicates
    made = make(tmp_path)

    send(server, made, policy=policy)
    [outcome] = send(server, made, policy=policy)

    assert outcome.verdict is STORED


@pytest.mark.parametrize("duplicates", UNEXPLAINED)
def test_a_duplicate_is_accepted_by_default(
    server: OriginServer, tmp_path: Path, duplicates: Duplicates
) -> None:
    server.holdings.duplicates = duplicates
    made = make(tmp_path)

    send(server, made, policy="accept")
    [outcome] = send(server, made, policy="accept")

    assert outcome.verdict is DUPLICATE


@pytest.mark.parametrize("duplicates", UNEXPLAINED)
@pytest.mark.parametrize("policy", ["quarantine", "overwrite"])
def test_a_duplicate_that_is_found_to_be_the_same_is_a_success(
    server: OriginServer, tmp_path: Path, policy: str, duplicates: Duplicates
) -> None:
    server.holdings.duplicates = duplicates
    made = make(tmp_path, size=700_001)

    send(server, made, policy=policy)
    [outcome] = send(server, made, policy=policy)

    assert outcome.verdict is DUPLICATE
    assert [each.method for each in server.requests][-1] == "GET"


@pytest.mark.parametrize("other", ["salt", "longer", "shorter"])
def test_a_duplicate_that_is_found_to_differ_is_a_conflict(
    server: OriginServer, tmp_path: Path, other: str
) -> None:
    server.holdings.duplicates = Duplicates.AZURE
    send(server, make(tmp_path, size=700_001), policy="quarantine")
    size = {"salt": 700_001, "longer": 700_101, "shorter": 699_901}[other]

    [outcome] = send(server, make(tmp_path, salt=1, size=size), policy="quarantine")

    assert outcome.verdict is CONFLICT


@pytest.mark.parametrize(
    "answer",
    [
        answers.status(401),
        answers.status(403),
        answers.status(404),
        answers.status(406),
        answers.status(200, b"no instance", "application/octet-stream"),
        answers.status(200, b"", "multipart/related; boundary=x"),
        answers.login_page(),
    ],
)
def test_a_duplicate_that_cannot_be_looked_at_is_a_conflict(
    server: OriginServer, tmp_path: Path, answer: Answer
) -> None:
    server.holdings.duplicates = Duplicates.AZURE
    made = make(tmp_path)
    send(server, made, policy="quarantine")
    server.script(server.always, answer)

    [outcome] = send(server, made, policy="quarantine")

    assert outcome.verdict is CONFLICT


@pytest.mark.parametrize("policy", ["accept", "quarantine"])
def test_other_bytes_under_the_same_uid_are_never_passed_over(
    server: OriginServer, tmp_path: Path, policy: str
) -> None:
    server.holdings.duplicates = Duplicates.GOOGLE
    send(server, make(tmp_path), policy=policy)

    [outcome] = send(server, make(tmp_path, salt=1), policy=policy, ambiguous=True)

    assert outcome.verdict is CONFLICT


@pytest.mark.parametrize("duplicates", UNEXPLAINED)
def test_after_an_ambiguous_failure_a_duplicate_is_our_own(
    server: OriginServer, tmp_path: Path, duplicates: Duplicates
) -> None:
    server.holdings.duplicates = duplicates
    server.script(answers.drop())
    made = make(tmp_path)

    with pytest.raises(Unavailable):
        send(server, made, policy="quarantine")
    [outcome] = send(server, made, policy="quarantine", ambiguous=True)

    assert outcome.verdict is DUPLICATE


@pytest.mark.parametrize("upsert", [True, False])
@pytest.mark.parametrize("duplicates", [Duplicates.AZURE, Duplicates.GOOGLE])
def test_where_the_site_wishes_the_newer_instance_replaces_the_older(
    server: OriginServer, tmp_path: Path, duplicates: Duplicates, *, upsert: bool
) -> None:
    server.holdings.duplicates = duplicates
    server.upsert = upsert
    newer = make(tmp_path, salt=1)
    send(server, make(tmp_path), policy="overwrite")

    [outcome] = send(server, newer, policy="overwrite")

    assert outcome.verdict is STORED
    assert server.held[newer.uid].part_sha256 == newer.part_sha256


def test_an_instance_that_can_be_neither_replaced_nor_deleted_is_a_conflict(
    server: OriginServer, tmp_path: Path
) -> None:
    server.holdings.duplicates = Duplicates.AZURE
    older = make(tmp_path)
    send(server, older, policy="overwrite")
    server.script(
        answers.partial({0: 45070}, code=409),
        answers.status(403),  # it shows nothing,
        answers.status(405),  # takes no PUT
        answers.status(403),  # and lets nobody delete
    )

    [outcome] = send(server, make(tmp_path, salt=1), policy="overwrite")

    assert outcome.verdict is CONFLICT
    assert server.held[older.uid].part_sha256 == older.part_sha256


def test_a_conflict_without_a_word_and_without_the_instance_is_a_rejection(
    server: OriginServer, tmp_path: Path
) -> None:
    server.script(answers.status(409))

    [outcome] = send(server, make(tmp_path), policy="accept")

    assert outcome.verdict is Verdict.REJECTED


def test_a_duplicate_in_a_batch_leaves_the_others_alone(
    server: OriginServer, tmp_path: Path
) -> None:
    server.holdings.duplicates = Duplicates.AZURE
    batch = [make(tmp_path, number) for number in (1, 2, 3)]
    send(server, batch[1], policy="quarantine")

    outcomes = send(server, *batch, policy="accept")

    assert [each.verdict for each in outcomes] == [STORED, DUPLICATE, STORED]


def test_two_files_of_one_uid_never_share_a_request(server: OriginServer, tmp_path: Path) -> None:
    server.holdings.duplicates = Duplicates.GOOGLE
    first, second, other = make(tmp_path), make(tmp_path, salt=1), make(tmp_path, 2)

    outcomes = send(server, first, second, other, policy="accept")

    assert [each.verdict for each in outcomes] == [STORED, CONFLICT, STORED]
    assert [len(each.instances) for each in server.stores] == [2, 1]


def test_a_fault_on_the_second_of_two_requests_does_not_unsay_the_first(
    server: OriginServer, tmp_path: Path
) -> None:
    first, second = make(tmp_path), make(tmp_path, salt=1)
    server.script(server.always, answers.status(503))

    outcomes = send(server, first, second, policy="accept")

    assert [each.verdict for each in outcomes] == [STORED, Verdict.RETRYABLE]
