"""Store transactions against an origin server on loopback (design vectors of STOW-RS)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import Busy, Denied, DestinationFault, Misconfigured, Unavailable
from tests.support import answers
from tests.support.instances import Made, make
from tests.support.origin_server import Answer, OriginServer
from tests.support.origins import destination
from uploader.origin import Origin
from uploader.outcome import BatchRefused, Outcome, Verdict


@pytest.fixture
def server() -> Iterator[OriginServer]:
    with OriginServer() as origin_server:
        yield origin_server


@pytest.fixture
def origin(server: OriginServer) -> Iterator[Origin]:
    origin = Origin(destination(server.uri))
    yield origin
    origin.close()


@pytest.fixture
def batch(tmp_path: Path) -> list[Made]:
    return [make(tmp_path, number) for number in (1, 2, 3)]


def paths(batch: list[Made]) -> list[Path]:
    return [each.path for each in batch]


def verdicts(outcomes: list[Outcome]) -> list[Verdict]:
    return [each.verdict for each in outcomes]


STORED, DUPLICATE, CONFLICT = Verdict.STORED, Verdict.DUPLICATE, Verdict.CONFLICT
REJECTED, RETRYABLE, UNACCOUNTED = Verdict.REJECTED, Verdict.RETRYABLE, Verdict.UNACCOUNTED


def test_what_is_sent_arrives_byte_for_byte(
    server: OriginServer, origin: Origin, batch: list[Made]
) -> None:
    outcomes = origin.store(paths(batch))

    assert verdicts(outcomes) == [STORED] * 3
    assert {uid: held.part_sha256 for uid, held in server.held.items()} == {
        each.uid: each.part_sha256 for each in batch
    }


def test_a_request_says_what_ps3_18_asks_for(
    server: OriginServer, origin: Origin, batch: list[Made]
) -> None:
    origin.store(paths(batch))

    [request] = server.requests
    content_type = request.headers["content-type"]
    boundary = content_type.rpartition("boundary=")[2]
    assert content_type == f'multipart/related; type="application/dicom"; boundary={boundary}'
    assert boundary.isalnum()
    assert request.headers["accept"] == "application/dicom+json"
    assert request.headers["accept-encoding"] == "gzip"
    assert int(request.headers["content-length"]) > sum(each.path.stat().st_size for each in batch)
    assert not {"transfer-encoding", "content-encoding", "expect"} & request.headers.keys()


def test_instances_of_every_size_are_framed_right(
    server: OriginServer, origin: Origin, tmp_path: Path
) -> None:
    sizes = [800, 65_000, 66_000, 1024 * 1024 - 3, 1024 * 1024 + 900, 3_500_000, 900]
    batch = [make(tmp_path, number, size=size) for number, size in enumerate(sizes)]

    assert verdicts(origin.store(paths(batch))) == [STORED] * len(sizes)
    assert [server.held[each.uid].part_sha256 for each in batch] == [
        each.part_sha256 for each in batch
    ]


# What the server does with a batch of three; what must come of it.
VECTORS: dict[str, tuple[Answer, list[Verdict]]] = {
    "200 names nothing": (answers.status(200, {}), [UNACCOUNTED] * 3),
    "200 empty": (answers.empty(200), [UNACCOUNTED] * 3),
    "202 empty": (answers.empty(202), [UNACCOUNTED] * 3),
    "202 null": (answers.status(202, "null", "application/dicom+json"), [UNACCOUNTED] * 3),
    "200 broken JSON": (answers.status(200, '{"00081199": {', ""), [UNACCOUNTED] * 3),
    "200 only failures": (
        answers.partial({0: 0xC000, 1: 0xA900, 2: 272}, code=200),
        [REJECTED, REJECTED, RETRYABLE],
    ),
    "272 as text": (
        answers.partial({1: "272", 2: "272"}, code=200),
        [STORED, RETRYABLE, RETRYABLE],
    ),
    "202 with warning, duplicate and one missing": (
        answers.partial({1: 45070}, warnings={0: 45063}, omitted=[2], code=202),
        [STORED, DUPLICATE, UNACCOUNTED],
    ),
    "400 with a success": (
        answers.partial({1: 49152, 2: 42752}, code=400),
        [STORED, REJECTED, RETRYABLE],
    ),
    "409 in XML with words": (
        answers.partial({2: 272}, code=409, words="differ (checksum mismatch)", as_xml=True),
        [STORED, STORED, CONFLICT],
    ),
    "503 with a success": (
        answers.partial({1: None}, omitted=[2], code=503),
        [STORED, RETRYABLE, UNACCOUNTED],
    ),
    "UIDs padded": (answers.partial({2: 272}, padding="\0 "), [STORED, STORED, RETRYABLE]),
    "XML": (answers.partial(as_xml=True), [STORED] * 3),
    "gzip": (answers.gzipped(), [STORED] * 3),
}


@pytest.mark.parametrize("vector", VECTORS)
def test_each_instance_has_its_own_outcome(
    server: OriginServer, origin: Origin, batch: list[Made], vector: str
) -> None:
    answer, expected = VECTORS[vector]
    server.script(answer)

    assert verdicts(origin.store(paths(batch))) == expected


REFUSALS: dict[str, tuple[Answer, Verdict, Verdict]] = {  # of three; what it means for one
    "400 in words": (answers.status(400, "no", "text/plain"), RETRYABLE, RETRYABLE),
    "413": (answers.status(413), Verdict.TOO_LARGE, Verdict.TOO_LARGE),
    "422": (answers.status(422), RETRYABLE, RETRYABLE),
    "409 empty": (answers.status(409), UNACCOUNTED, REJECTED),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_batch_says_nothing_about_its_instances(
    server: OriginServer, origin: Origin, batch: list[Made], refusal: str
) -> None:
    answer, of_batch, alone = REFUSALS[refusal]
    server.script(answer, answer)

    with pytest.raises(BatchRefused) as refused:
        origin.store(paths(batch))
    [outcome] = origin.store(paths(batch[:1]))

    assert refused.value.outcome.verdict is of_batch
    assert outcome.verdict is alone


FAULTS: dict[str, tuple[Answer, type[DestinationFault]]] = {
    "401": (answers.status(401), Denied),
    "403": (answers.status(403), Denied),
    "403 too fast": (answers.status(403, {"error": {"status": "rateLimitExceeded"}}), Unavailable),
    "404": (answers.status(404), Misconfigured),
    "415": (answers.status(415), Misconfigured),
    "429": (answers.status(429), Unavailable),
    "500": (answers.status(500), Unavailable),
    "501": (answers.status(501), Misconfigured),
    "503 Google": (answers.status(503, {"error": {"code": 503}}), Unavailable),
    "504": (answers.status(504), Unavailable),
    "204": (answers.status(204), Misconfigured),
    "login page": (answers.login_page(), Misconfigured),
    "plain text": (answers.status(200, "welcome", "text/plain"), Misconfigured),
    "301": (answers.redirect(301, "https://elsewhere.example/studies"), Misconfigured),
    "307 elsewhere": (answers.redirect(307, "https://elsewhere.example/studies"), Misconfigured),
    "reset in the body": (answers.reset(), Unavailable),
    "dropped after the body": (answers.drop(), Unavailable),
    "all out of resources": (answers.partial({0: 0xA700, 1: 0xA700, 2: 0xA700}), Unavailable),
    "all not authorized": (answers.partial({0: 0x0124, 1: 0x0124, 2: 0x0124}), Denied),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_destination_blames_no_instance(
    server: OriginServer, origin: Origin, batch: list[Made], fault: str
) -> None:
    answer, kind = FAULTS[fault]
    server.script(answer)

    with pytest.raises(kind):
        origin.store(paths(batch))

    assert verdicts(origin.store(paths(batch))) == [STORED] * 3


def test_one_instance_out_of_resources_is_no_fault_of_the_destination(
    server: OriginServer, origin: Origin, batch: list[Made]
) -> None:
    server.script(answers.partial({0: 0xA700}))

    [outcome] = origin.store(paths(batch[:1]))

    assert outcome.verdict is RETRYABLE
    assert outcome.outage


def test_an_empty_success_is_trusted_only_where_the_site_says_so(
    server: OriginServer, batch: list[Made]
) -> None:
    origin = Origin(destination(server.uri, trust_empty_200=True))
    server.script(answers.empty(200), answers.empty(200, body=b"{}"), answers.empty(202))

    assert verdicts(origin.store(paths(batch))) == [STORED] * 3
    assert verdicts(origin.store(paths(batch))) == [STORED] * 3
    assert verdicts(origin.store(paths(batch))) == [UNACCOUNTED] * 3
    origin.close()


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("7", 7.0, 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, 0.0),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 3600.0, 3600.0),
        ("99999999", 3600.0, 3600.0),
    ],
)
def test_the_server_says_when_to_come_again(
    server: OriginServer,
    origin: Origin,
    batch: list[Made],
    retry_after: str,
    least: float,
    most: float,
) -> None:
    server.script(answers.status(429, headers={"Retry-After": retry_after}))

    with pytest.raises(Unavailable) as fault:
        origin.store(paths(batch))

    assert fault.value.retry_after is not None
    assert least <= fault.value.retry_after <= most


@pytest.mark.parametrize(
    "nonsense",
    [
        "-5",
        "Wed, 21 Oct 99999999999 07:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +99999999999999",
    ],
)
def test_a_time_to_come_again_that_is_none_is_as_good_as_none(
    server: OriginServer, origin: Origin, batch: list[Made], nonsense: str
) -> None:
    server.script(answers.status(429, headers={"Retry-After": nonsense}))

    with pytest.raises(Busy) as fault:
        origin.store(paths(batch))

    assert fault.value.retry_after is None


def test_a_redirect_within_the_host_is_followed_with_the_body(
    server: OriginServer, origin: Origin, batch: list[Made]
) -> None:
    server.script(answers.redirect(307, "/other/studies"))

    assert verdicts(origin.store(paths(batch))) == [STORED] * 3
    assert [each.path for each in server.requests] == ["/dicom-web/studies", "/other/studies"]


def test_redirects_in_circles_end(server: OriginServer, origin: Origin, batch: list[Made]) -> None:
    server.always = answers.redirect(308, server.uri)

    with pytest.raises(Misconfigured):
        origin.store(paths(batch))

    assert len(server.requests) < 10


def test_connections_are_kept(server: OriginServer, origin: Origin, batch: list[Made]) -> None:
    for each in batch:
        origin.store([each.path])

    assert {each.connection for each in server.requests} == {1}


def test_a_server_that_is_not_there_is_unavailable(batch: list[Made]) -> None:
    with OriginServer() as gone:
        uri = gone.uri
    origin = Origin(destination(uri))

    with pytest.raises(Unavailable, match="refuses connections"):
        origin.store(paths(batch))
    origin.close()


def test_a_name_that_does_not_resolve_is_unavailable(batch: list[Made]) -> None:
    origin = Origin(destination("https://archive.invalid/studies"))

    with pytest.raises(Unavailable, match="does not resolve"):
        origin.store(paths(batch))
    origin.close()
