"""The rules of the configuration: what is accepted, and how mistakes are told."""

import json
from pathlib import Path

import pytest

from shared.config import Settings, load
from shared.destination import AuthKind
from shared.sections import PREFIX, Upload
from tests.support.configuration import mistakes, set_variables, written

URI = "https://archive.example/studies"
HEALTHCARE = "https://healthcare.googleapis.com/v1/dicomWeb/studies"


pytestmark = pytest.mark.usefixtures("environ")


def service_account(folder: Path, name: str = "key.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"client_email": "a@b", "private_key": "k", "token_uri": "t"}))
    return path


def test_an_upload_uri_in_the_environment_is_enough(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI=URI)

    [destination] = load().destinations

    assert (destination.name, destination.upload_uri) == ("default", URI)
    assert destination.auth.kind is AuthKind.NONE
    assert load().receive.port == 4008


def test_a_worklist_uri_alone_is_enough(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, WORKLIST__URI="https://archive.example/workitems")

    assert load().upload_destinations == ()


def test_the_seven_parameters_of_the_prototype_work_as_environment_variables(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_variables(
        environ,
        RECEIVE__PORT=11112,
        UPLOAD__URI=HEALTHCARE,
        WORKLIST__URI="https://medicalimaging.googleapis.com/v1/workitems",
        SPOOL__PATH=tmp_path,
        AUTH__SERVICE_ACCOUNT_FILE=service_account(tmp_path),
        UPLOAD__PARALLELISM=3,
        WORKLIST__INCLUDEFIELD_ALL="true",
    )

    settings = load()

    [destination] = settings.destinations
    assert settings.receive.port == 11112
    assert settings.spool.path == tmp_path
    assert settings.worklist.includefield_all is True
    assert (destination.auth.kind, destination.parallelism) == (AuthKind.GOOGLE, 3)


def test_the_environment_is_above_the_file(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path, f'[upload]\nuri = "{URI}"\nworkers = 2\n[receive]\nport = 1\n')
    set_variables(environ, RECEIVE__PORT=2, UPLOAD__PARALLELISM=7)

    settings = load(path)

    assert settings.receive.port == 2
    assert (settings.upload.workers, settings.upload.parallelism) == (2, 7)


def test_the_environment_can_name_the_file_and_an_argument_is_above_it(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    named = written(tmp_path, f'[upload]\nuri = "{URI}"\n[receive]\nport = 1\n')
    given = written(tmp_path / "other", f'[upload]\nuri = "{URI}"\n[receive]\nport = 2\n')
    set_variables(environ, CONFIG=named)

    assert load().receive.port == 1
    assert load(given).receive.port == 2


def test_a_named_file_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "no.toml") == [f"{tmp_path / 'no.toml'}: no such file"]


def test_an_empty_variable_counts_as_unset(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI=URI, RECEIVE__PORT="", CONFIG="", WORKLIST__URI="")

    assert load().receive.port == 4008


def test_settings_made_in_code_do_not_read_the_environment(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, RECEIVE__PORT=1)

    assert Settings(upload=Upload(uri=URI)).receive.port == 4008


def test_every_mistake_is_told_at_once(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[receive]\nport = 70000\nae_title = ""\n[spool]\npaht = "/x"\n'
        '[worklist]\nsite_timezone = "Mars/Base"\n[upload]\nuri = "ftp://archive"\n',
    )
    missing = tmp_path / "password"
    set_variables(environ, UPLOAD__WORKERS="many", UPLAOD__URI=URI, REDIS__PASSWORD_FILE=missing)

    text = "\n".join(mistakes(path))

    for expected in (
        f"receive.port ({path}): must be at most 65535",
        f"receive.ae_title ({path}):",
        f"spool.paht ({path}): there is no such setting (did you mean spool.path?)",
        f"worklist.site_timezone ({path}): must be an IANA time zone",
        f"upload.uri ({path}): must be an absolute http or https URI",
        f"upload.workers ({PREFIX}UPLOAD__WORKERS): must be a whole number",
        f"{PREFIX}UPLAOD__URI: there is no such setting (did you mean {PREFIX}UPLOAD__URI?)",
        f"redis.password_file: {missing}: cannot be read (No such file or directory)",
    ):
        assert expected in text
    assert len(text.splitlines()) == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"AUTH__USER_NAME": "proxy"},
        {"AUTH__KIND": "basic", "AUTH__USER_NAME": "proxy"},
        {"RECEIVE__MAX_PDU": "7", "UPLOAD__RESCAN": "abc"},
        {"SPOOL__SOFT_RESERVE": "none"},
    ],
)
def test_a_rule_is_told_together_with_values_that_it_does_not_need(
    environ: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    set_variables(environ, UPLOAD__URI="http://archive.example/studies", **wrong)

    text = "\n".join(mistakes())

    assert "upload.uri: must be https (or say upload.insecure = true)" in text
    assert all(name in text or name.partition("__")[0].lower() in text for name in wrong)
    assert len(text.splitlines()) == len(wrong) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"UPLOAD__RETRY_BASE": "5000", "UPLOAD__RETRY_CAP": "x"},
        {"UPLOAD__URI": "http://127.0.0.1:4008/studies", "RECEIVE__PORT": "x"},
        {"UPLOAD__URI": "ftp://archive", "ROUTING__DEFAULT_TO": '["default"]'},
        {"UPLOAD__URI": "http://archive.example/studies", "UPLOAD__INSECURE": "perhaps"},
        {"AUTH__KIND": "oauth2", "AUTH__TOKEN_URI": "ftp://issuer"},
    ],
)
def test_a_rule_that_needs_a_value_that_is_wrong_tells_nothing(
    environ: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    set_variables(environ, **{"UPLOAD__URI": URI} | wrong)

    assert len(mistakes()) == 1


def test_a_misspelt_name_inside_a_known_table_is_told_once(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URL=URI)

    assert mistakes() == [
        f"{PREFIX}UPLOAD__URL: there is no such setting (did you mean {PREFIX}UPLOAD__URI?)"
    ]


def test_text_that_should_be_json_is_one_mistake_among_others(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI=URI, WORKLIST__STATES="SCHEDULED", RECEIVE__PORT="x")

    first, second = sorted(mistakes())

    assert first.startswith(f"receive.port ({PREFIX}RECEIVE__PORT): ")
    assert second.startswith(f"worklist.states ({PREFIX}WORKLIST__STATES): ")


def test_lists_can_be_given_as_json(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI=URI, WORKLIST__STATES='["SCHEDULED", "IN PROGRESS"]')

    assert load().worklist.states == ("SCHEDULED", "IN PROGRESS")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[receive\nport = 1", "Expected ']' at the end of a table declaration"),
        ("port = 1", "port: there is no such setting"),
        ('receive = "4008"', "receive: must be a table"),
    ],
)
def test_a_file_that_is_not_right_is_a_line_and_not_a_traceback(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = written(tmp_path, text)

    assert expected in mistakes(path)[0].replace(f" ({path})", "")


def test_a_file_of_other_bytes_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "proxy.toml"
    path.write_bytes(b"\xff\xfe\x00")

    assert mistakes(path)[0] == f"{path}: is not UTF-8"


def test_without_any_uri_it_says_what_is_needed() -> None:
    assert mistakes() == ["upload.uri or worklist.uri: at least one is needed, or [[destinations]]"]


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:8042/studies", "http://localhost/studies", "http://[::1]:80/studies"],
)
def test_plain_http_to_loopback_is_fine(environ: pytest.MonkeyPatch, uri: str) -> None:
    set_variables(environ, UPLOAD__URI=uri)

    assert load().destinations[0].upload_uri == uri


def test_plain_http_elsewhere_must_be_said(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI="http://archive/s", WORKLIST__URI="http://archive/w")

    assert mistakes() == [
        "upload.uri: must be https (or say upload.insecure = true)",
        "worklist.uri: must be https (or say upload.insecure = true)",
    ]

    set_variables(environ, UPLOAD__INSECURE="true")
    assert load().destinations[0].insecure


def test_the_default_destination_takes_what_upload_says(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI="https://archive/studies/ ")

    assert load().destinations[0].upload_uri == "https://archive/studies"
