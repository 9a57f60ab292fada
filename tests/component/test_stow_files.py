"""Files that are none, vanish, shrink; and asking whether an instance arrived."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import Unavailable
from tests.support import answers
from tests.support.instances import EXPLICIT_VR_LE, header, make
from tests.support.origin_server import Answer, Exchange, OriginServer
from tests.support.origins import destination
from uploader.origin import Origin
from uploader.outcome import Verdict


@pytest.fixture
def server() -> Iterator[OriginServer]:
    with OriginServer() as origin_server:
        yield origin_server


@pytest.fixture
def origin(server: OriginServer) -> Iterator[Origin]:
    origin = Origin(destination(server.uri))
    yield origin
    origin.close()


NO_INSTANCES: dict[str, bytes] = {
    "empty": b"",
    "text": b"this is no image " * 50,
    "only a preamble": bytes(128) + b"DICM",
    "cut in group 0002": header("1.2.3")[:200],
    "no SOP Instance UID": header(""),
    "no transfer syntax": header("1.2.3", ""),
}


@pytest.mark.parametrize("kind", NO_INSTANCES)
def test_a_file_that_is_no_instance_is_rejected_and_the_others_go(
    origin: Origin, tmp_path: Path, kind: str
) -> None:
    bad = tmp_path / "bad.dcm"
    bad.write_bytes(NO_INSTANCES[kind])

    outcomes = origin.store([bad, make(tmp_path).path])

    assert [each.verdict for each in outcomes] == [Verdict.REJECTED, Verdict.STORED]


def test_nothing_readable_asks_nothing_of_the_server(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    [outcome] = origin.store([tmp_path])  # a folder

    assert outcome.verdict is Verdict.REJECTED
    assert server.requests == []


def test_a_file_that_is_gone_is_tried_again_and_the_others_go(
    origin: Origin, tmp_path: Path
) -> None:
    outcomes = origin.store([make(tmp_path).path, tmp_path / "gone.dcm"])

    assert [each.verdict for each in outcomes] == [Verdict.STORED, Verdict.POSTPONED]


@pytest.mark.parametrize("how", ["deleted", "truncated"])
def test_a_file_that_changes_while_it_waits_its_turn_in_a_request_spoils_no_other(
    server: OriginServer, origin: Origin, tmp_path: Path, how: str
) -> None:
    batch = [make(tmp_path, number, size=9_000_000) for number in (1, 2, 3)]
    victim = batch[2].path

    def damage(exchange: Exchange) -> None:
        exchange.rfile.read(1000)
        if how == "deleted":
            victim.unlink()
        else:
            with victim.open("r+b") as file:
                file.truncate(500)
        exchange.read_body()

    server.script(damage)

    outcomes = origin.store([each.path for each in batch])

    assert [each.verdict for each in outcomes] == [
        Verdict.STORED,
        Verdict.STORED,
        Verdict.POSTPONED,
    ]
    assert {each.uid for each in batch[:2]} == set(server.held)


VERIFICATIONS: dict[str, tuple[Answer, bool | None]] = {
    "204": (answers.status(204), False),
    "an empty list": (answers.status(200, []), False),
    "401": (answers.status(401), None),
    "403": (answers.status(403), None),
    "404": (answers.status(404), None),
    "400": (answers.status(400), None),
    "501": (answers.status(501), None),
    "another instance only": (
        answers.status(200, [{"00080018": {"vr": "UI", "Value": ["1.9"]}}]),
        None,
    ),
    "no list": (answers.status(200, {"error": "no"}), None),
    "a web page": (answers.login_page(), None),
}


@pytest.mark.parametrize("kind", VERIFICATIONS)
def test_only_a_clear_answer_settles_whether_an_instance_is_there(
    server: OriginServer, origin: Origin, tmp_path: Path, kind: str
) -> None:
    answer, expected = VERIFICATIONS[kind]
    server.script(answer)

    assert origin.verify(make(tmp_path).path) is expected


def test_an_instance_that_was_stored_without_a_word_is_found(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    made, never_sent = make(tmp_path), make(tmp_path, 2)
    server.script(answers.empty(200))

    [outcome] = origin.store([made.path])

    assert outcome.verdict is Verdict.UNACCOUNTED
    assert origin.verify(made.path) is True
    assert origin.verify(never_sent.path) is False


@pytest.mark.parametrize("code", [429, 503])
def test_a_search_that_fails_is_a_fault_of_the_destination(
    server: OriginServer, origin: Origin, tmp_path: Path, code: int
) -> None:
    server.script(answers.status(code))

    with pytest.raises(Unavailable):
        origin.verify(make(tmp_path).path)


def test_what_has_no_study_cannot_be_looked_for(origin: Origin, tmp_path: Path) -> None:
    bare = tmp_path / "bare.dcm"
    bare.write_bytes(header("1.2.3", EXPLICIT_VR_LE))

    assert origin.verify(bare) is None
    assert origin.verify(tmp_path / "gone.dcm") is None
