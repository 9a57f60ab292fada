"""`dicomweb-proxy check` against real counterparts on loopback."""

import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from standalone.findings import FAIL, OK, WARN
from tests.support import answers
from tests.support.certificates import certificates
from tests.support.cli import Console, checking, states
from tests.support.logins import login
from tests.support.origin_server import OriginServer
from tests.support.origins import secret
from tests.support.orthanc import orthanc
from tests.support.sandbox import sandbox
from tests.support.sigv4 import Account, Verifier

AUTHORITY_ENDS = datetime(3000, 1, 1, tzinfo=UTC)  # trustme's


@pytest.fixture
def console(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Console:
    return checking(monkeypatch, capsys, tmp_path)


def test_where_everything_is_there_it_says_so(console: Console, tmp_path: Path) -> None:
    with sandbox(tmp_path / "sandbox") as base:
        console.set(UPLOAD__URI=f"{base}/studies")

        ended = console("check")
        found = states(console)

    assert ended.code == 0
    assert "is a SANDBOX" in ended.out
    assert found.pop("default: uploads") == WARN
    assert set(found.values()) == {OK}


def test_a_destination_that_is_not_there_fails_with_advice(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    console.set(UPLOAD__URI=f"http://127.0.0.1:{port}/studies")

    ended = console("check")

    assert ended.code == 1
    [line] = [line for line in ended.out.splitlines() if line.startswith(FAIL)]
    assert "refuses connections" in line
    assert "is the server up" in line


def test_a_page_to_log_in_is_no_archive(console: Console, origin_server: OriginServer) -> None:
    origin_server.always = answers.login_page()
    console.set(UPLOAD__URI=origin_server.uri)

    ended = console("check")

    assert ended.code == 1
    [line] = [line for line in ended.out.splitlines() if line.startswith(FAIL)]
    assert "answers with a web page" in line


def test_a_secret_that_cannot_be_read_fails_and_the_rest_is_tried(
    console: Console, tmp_path: Path
) -> None:
    console.set(UPLOAD__URI="https://archive.invalid/studies", AUTH__KIND="basic")
    console.set(AUTH__USERNAME="proxy", AUTH__PASSWORD_FILE=tmp_path / "password")

    ended = console("check")
    found = states(console)

    assert ended.code == 1
    assert f"{tmp_path}/password: cannot be read (No such file or directory)" in ended.out
    assert (found["auth.password_file"], found["spool space"]) == (FAIL, OK)


def test_a_path_that_offers_no_search_is_a_warning(console: Console, tmp_path: Path) -> None:
    with sandbox(tmp_path / "sandbox") as base:
        console.set(UPLOAD__URI=f"{base}/nothing/here")

        assert states(console)["default: uploads"] == WARN


def test_a_name_that_does_not_resolve_fails(console: Console) -> None:
    console.set(UPLOAD__URI="https://archive.invalid/studies")

    assert states(console)["default: uploads"] == FAIL


def test_a_name_that_does_not_resolve_is_told_as_that_of_redis_too(console: Console) -> None:
    console.set(
        UPLOAD__URI="https://archive.invalid/studies", REDIS__URL="redis://redis.invalid:6379/0"
    )

    told = {each["subject"]: each for each in console("check", "--json").json}

    for subject, place in (("default: uploads", "the URI"), ("Redis", "redis.url")):
        assert told[subject]["found"].endswith("has a host name that does not resolve")
        assert told[subject]["advice"].startswith(f"see the host name in {place}")


def test_a_spool_that_cannot_be_used_fails(console: Console, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    console.set(UPLOAD__URI="https://archive.invalid/studies", SPOOL__PATH=tmp_path / "file")

    assert states(console)["spool"] == FAIL


def test_a_reserve_that_no_disk_can_meet_fails(console: Console) -> None:
    console.set(UPLOAD__URI="https://archive.invalid/studies", SPOOL__SOFT_RESERVE=2**62)

    ended = console("check")

    assert states(console)["spool space"] == FAIL
    assert "hard_reserve 0.0 MiB" in ended.out


def test_an_absent_redis_fails_where_one_is_configured(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    console.set(
        UPLOAD__URI="https://archive.invalid/studies", REDIS__URL=f"redis://127.0.0.1:{port}/0"
    )

    assert states(console)["Redis"] == FAIL


def test_a_worklist_alone_needs_no_spool(console: Console) -> None:
    console.set(WORKLIST__URI="https://archive.invalid/workitems")

    ports = {"DIMSE port", "worklist port"}
    assert set(states(console)) == {"configuration", "default: worklist", *ports}


@pytest.mark.parametrize(
    ("leaf_ends", "days"),
    [
        (datetime.now(UTC) + timedelta(days=10, hours=1), 10),
        (datetime(3500, 1, 1, tzinfo=UTC), (AUTHORITY_ENDS - datetime.now(UTC)).days),
    ],
)
def test_the_end_of_a_servers_chain_is_told(
    console: Console, tmp_path: Path, leaf_ends: datetime, days: int
) -> None:
    tls = certificates(tmp_path)
    site = tmp_path / "proxy.toml"
    with OriginServer(tls=tls.server(not_after=leaf_ends)) as running:
        site.write_text(
            f'[[destinations]]\nname = "archive"\nupload_uri = "{running.uri}"\n'
            f'ca_file = "{tls.ca_file}"\n'
        )
        ended = console("check", "--config", site)

    assert ended.code == 0, ended.out
    [line] = [line for line in ended.out.splitlines() if "certificates valid" in line]
    assert abs(int(line.split(" days")[0].rpartition(" ")[2]) - days) <= 1
    assert line.startswith(WARN) is (days < 21)


def test_how_long_a_token_and_our_certificate_are_good_is_told(
    console: Console, tmp_path: Path
) -> None:
    tls = certificates(tmp_path)
    ends = datetime.now(UTC) + timedelta(days=90, hours=1)
    certificate, key = tls.client(not_after=ends)
    site = tmp_path / "proxy.toml"
    with (
        login("client secret", tls) as mine,
        OriginServer(tls=tls.server(demand_client=True), gate=mine.gate) as running,
    ):
        site.write_text(
            f'[[destinations]]\nname = "archive"\nupload_uri = "{running.uri}"\n'
            f'ca_file = "{tls.ca_file}"\n[destinations.auth]\nkind = "oauth2"\n'
            f'token_uri = "{mine.auth.token_uri}"\nclient_id = "proxy"\n'
            f'client_secret_file = "{mine.auth.client_secret_file}"\n'
            f'client_certificate_file = "{certificate}"\nclient_key_file = "{key}"\n'
        )
        found = {
            each["subject"]: each["found"]
            for each in console("check", "--json", "--config", site).json
        }

    assert re.fullmatch(r"valid for 3[56]\d\d s", found["archive: token"])
    assert found["archive: client"] == "certificates valid for 90 days"


@pytest.mark.parametrize(("secret_key", "code"), [("right", 0), ("wrong", 1)])
def test_signed_requests_are_tried_too(
    console: Console, tmp_path: Path, secret_key: str, code: int
) -> None:
    tls = certificates(tmp_path)
    keys = secret(
        tmp_path, f"[default]\naws_access_key_id = AKID\naws_secret_access_key = {secret_key}\n"
    )
    site = tmp_path / "proxy.toml"
    with OriginServer(tls=tls.server(), gate=Verifier({"AKID": Account("right")})) as running:
        site.write_text(
            f'[[destinations]]\nname = "aws"\npreset = "aws"\nupload_uri = "{running.uri}"\n'
            f'ca_file = "{tls.ca_file}"\n'
            f'auth = {{ credentials_file = "{keys}", region = "us-east-1" }}\n'
        )
        ended = console("check", "--config", site)

    assert ended.code == code, ended.out
    assert ("does not allow this" in ended.out) is bool(code)


def test_a_made_up_image_is_stored_where_asked(console: Console, tmp_path: Path) -> None:
    (folder := tmp_path / "orthanc").mkdir()
    with orthanc(folder, login=("proxy", "secret")) as archive:
        password = secret(tmp_path, "secret")
        console.set(UPLOAD__URI=archive.studies, UPLOAD__PRESET="orthanc")
        console.set(AUTH__KIND="basic", AUTH__USERNAME="proxy")
        console.set(AUTH__PASSWORD_FILE=password)

        ended = console("check", "--store-test")

        [held] = archive.instances()
        tags = archive.get(f"/instances/{held}/simplified-tags").json()
    assert ended.code == 0, ended.out
    assert "a test image is stored" in ended.out
    assert (tags["PatientName"], tags["PatientID"]) == ("STORE^TEST", "DICOMWEB-PROXY-STORE-TEST")


def test_an_archive_that_refuses_the_image_is_a_failure(
    console: Console, origin_server: OriginServer
) -> None:
    origin_server.always = answers.partial({0: 0xC000})
    console.set(UPLOAD__URI=origin_server.uri)

    ended = console("check", "--store-test", "default", "--json")

    [found] = [each for each in ended.json if each["subject"] == "default: store"]
    assert (ended.code, found["state"]) == (1, FAIL)


def test_a_name_that_is_no_destination_is_exit_code_2(console: Console) -> None:
    console.set(UPLOAD__URI="https://archive.example/studies")

    ended = console("check", "--store-test", "nowhere")

    assert ended.code == 2
    assert ended.err == (
        "dicomweb-proxy: --store-test: there is no destination 'nowhere' with uploads; "
        "there is: default\n"
    )
