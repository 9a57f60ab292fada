"""The rules of the configuration for several destinations, their routes and their secrets."""

import json
from pathlib import Path

import pytest

from shared.config import load
from shared.destination import DEFAULT_SERVICE_ACCOUNT, AuthKind
from shared.sections import PREFIX
from tests.support.configuration import mistakes, written
from tests.support.settings_reference import EXAMPLE

CANARY = "hunter2-canary"
NO_SUCH = "there is no such setting"
MISSING = "cannot be read (No such file or directory)"
TWO = """
[[destinations]]
name = "cloud"
upload_uri = "https://cloud.example/studies"
worklist_uri = "https://cloud.example/workitems"

[[destinations]]
name = "research"
upload_uri = "https://research.example/studies"
parallelism = 2
"""


pytestmark = pytest.mark.usefixtures("environ")


def test_destinations_and_routes_are_lists_of_the_file(tmp_path: Path) -> None:
    route = '[[routes]]\ncalled_ae = "CT*"\nupload_to = ["cloud", "research"]\n'

    settings = load(written(tmp_path, TWO + route))

    assert [each.name for each in settings.destinations] == ["cloud", "research"]
    assert settings.routes[0].upload_to == ("cloud", "research")


def test_parallelism_of_upload_holds_where_a_destination_says_nothing(tmp_path: Path) -> None:
    settings = load(written(tmp_path, TWO + "[upload]\nparallelism = 5\n"))

    assert [each.parallelism for each in settings.destinations] == [5, 2]


def test_the_only_destination_cannot_stand_beside_the_list(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ.setenv(PREFIX + "UPLOAD__URI", "https://other/studies")
    environ.setenv(PREFIX + "AUTH__USERNAME", "me")

    found = mistakes(written(tmp_path, TWO + "[worklist]\nuri = 'https://other/workitems'\n"))

    assert [line.split(":")[0] for line in found] == ["upload.uri", "worklist.uri", "auth"]
    assert all("cannot stand beside [[destinations]]" in line for line in found)


def test_the_example_file_takes_the_list_as_it_is(tmp_path: Path) -> None:
    """Its empty tables say nothing, that of the only destination's credentials neither."""
    example = EXAMPLE.read_text("utf-8").replace("\n[[", "\n#[[")

    settings = load(written(tmp_path, f"{example}\n{TWO}"))

    assert [each.name for each in settings.destinations] == ["cloud", "research"]


def test_mistakes_in_a_list_name_the_place_and_suggest_a_name(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        TWO.replace("parallelism", "paralelism").replace("https://cloud", "http://cloud")
        + '[[routes]]\ncaled_ae = "CT"\n',
    )

    found = mistakes(path)

    assert found == [
        f"destinations.0 ({path}): upload_uri must be https (or say insecure = true)",
        f"destinations.0 ({path}): worklist_uri must be https (or say insecure = true)",
        f"destinations.1.paralelism ({path}): {NO_SUCH} (did you mean destinations.1.parallelism?)",
        f"routes.0.caled_ae ({path}): {NO_SUCH} (did you mean routes.0.called_ae?)",
    ]


def test_a_name_used_twice_and_a_route_to_nowhere_are_told_together(tmp_path: Path) -> None:
    text = TWO + TWO + '[[routes]]\nupload_to = ["clout"]\nworklist_from = "research"\n'
    text += '[[routes]]\nworklist_from = "cloud"\nmodality = "CT"\n'
    text += '[routing]\ndefault_to = ["nowhere"]\n'

    assert mistakes(written(tmp_path, text)) == [
        "destinations: the name 'cloud' is used twice",
        "destinations: the name 'research' is used twice",
        "routing.default_to: there is no destination 'nowhere'",
        "routes.0.upload_to: there is no destination 'clout' (did you mean cloud?)",
        "routes.0.worklist_from: the destination 'research' has no worklist_uri",
        "routes.1.worklist_from: a query has no modality to match; use a route of its own",
    ]


def test_whoever_refuses_strangers_must_know_somebody(tmp_path: Path) -> None:
    text = TWO + '[admission]\nstrangers = "refuse"\n'
    mistake = "admission.strangers: refuse needs [[peers]] that may do something: nobody could come"

    assert mistakes(written(tmp_path, text)) == [mistake]
    assert mistakes(written(tmp_path, text + "[[peers]]\nmay = []\n")) == [mistake]
    assert load(written(tmp_path, text + '[[peers]]\ncalling_ae = "CT"\n')).peers


def test_limits_that_contradict_one_another_are_mistakes(tmp_path: Path) -> None:
    text = TWO + "[spool]\nsoft_reserve = 1\nhard_reserve = 2\n[upload]\nretry_cap = 0.5\n"

    assert mistakes(written(tmp_path, text)) == [
        "spool.hard_reserve: must not be above soft_reserve",
        "upload.retry_base: must not be above retry_cap",
    ]


def test_an_address_at_google_turns_authentication_on(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"client_email": "a@b", "private_key": "k", "token_uri": "t"}))
    environ.setenv(PREFIX + "UPLOAD__URI", "https://healthcare.googleapis.com/v1/studies")
    environ.setenv(PREFIX + "AUTH__SERVICE_ACCOUNT_FILE", str(key))

    assert load().destinations[0].auth.kind is AuthKind.GOOGLE


@pytest.mark.skipif(DEFAULT_SERVICE_ACCOUNT.exists(), reason="this machine has a key there")
def test_google_without_any_key_is_a_mistake(environ: pytest.MonkeyPatch) -> None:
    environ.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    environ.delenv("GCE_METADATA_HOST", raising=False)
    environ.setenv("CLOUDSDK_CONFIG", "/nowhere")
    environ.setenv(PREFIX + "UPLOAD__URI", "https://healthcare.googleapis.com/v1/studies")

    [line] = mistakes()

    assert line.startswith(f"auth.service_account_file: {DEFAULT_SERVICE_ACCOUNT}: cannot be read")


@pytest.mark.skipif(DEFAULT_SERVICE_ACCOUNT.exists(), reason="this machine has a key there")
def test_application_default_credentials_are_enough(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ.setenv(PREFIX + "UPLOAD__URI", "https://healthcare.googleapis.com/v1/studies")
    environ.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    assert load().destinations[0].auth.service_account_file is None

    federation = tmp_path / "federation.json"
    fields = ("audience", "subject_token_type", "token_url", "credential_source")
    federation.write_text(json.dumps({"type": "external_account"} | dict.fromkeys(fields, "x")))
    environ.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(federation))
    assert load().destinations[0].auth.service_account_file == federation

    federation.write_text(json.dumps({"type": "external_account"}))
    assert "is no Google service-account key" in mistakes()[0]


def test_elsewhere_an_absent_default_key_is_nothing(environ: pytest.MonkeyPatch) -> None:
    environ.setenv(PREFIX + "UPLOAD__URI", "https://archive.example/studies")

    assert load().destinations[0].auth.service_account_file is None


def test_a_google_token_goes_elsewhere_only_by_explicit_kind(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"client_email": "a@b", "private_key": "k", "token_uri": "t"}))
    environ.setenv(PREFIX + "UPLOAD__URI", "https://googleapis.com.evil.example/studies")
    environ.setenv(PREFIX + "AUTH__SERVICE_ACCOUNT_FILE", str(key))

    assert 'only if kind = "google" says so' in mistakes()[0]

    environ.setenv(PREFIX + "AUTH__KIND", "google")
    assert load().destinations[0].auth.kind is AuthKind.GOOGLE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hunter2-canary", "is no Google service-account key"),
        (b'{"client_email": "hunter2-canary"}', "is no Google service-account key"),
        (b'["hunter2-canary"]', "is no Google service-account key"),
        (b"\xff\x00hunter2-canary", "is no Google service-account key"),
    ],
)
def test_a_key_file_that_is_none_is_told_without_its_content(
    environ: pytest.MonkeyPatch, tmp_path: Path, content: bytes, expected: str
) -> None:
    key = tmp_path / "key.json"
    key.write_bytes(content)
    environ.setenv(PREFIX + "UPLOAD__URI", "https://healthcare.googleapis.com/v1/studies")
    environ.setenv(PREFIX + "AUTH__SERVICE_ACCOUNT_FILE", str(key))

    text = "\n".join(mistakes())

    assert expected in text
    assert CANARY not in text


@pytest.mark.parametrize(
    ("key", "uri", "expected"),
    [
        ("upload_uri", "https://a/{caled_ae}/x", "{caled_ae} (did you mean called_ae?); there are"),
        ("upload_uri", "https://{called_ae}.a/x", "may have variables in its path alone"),
        ("worklist_uri", "https://a/{called_ae}/x", "must have no variables: they are for"),
    ],
)
def test_a_variable_that_cannot_be_is_told_with_what_may_be(
    tmp_path: Path, key: str, uri: str, expected: str
) -> None:
    file = written(tmp_path, f'[[destinations]]\nname = "a"\n{key} = "{uri}"\n')

    [told] = mistakes(file)

    assert told.startswith(f"destinations.0.{key} ({file}): ")
    assert expected in told


def test_secrets_of_a_destination_must_be_usable_where_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    text = f"""
[[destinations]]
name = "a"
upload_uri = "https://a/studies"
auth = {{ kind = "basic", username = "u", password_file = "{tmp_path}/password" }}
[[destinations]]
name = "b"
upload_uri = "https://b/studies"
ca_file = "{tmp_path}/ca.pem"
auth = {{ kind = "bearer_file", token_file = "{tmp_path}/token" }}
"""

    assert mistakes(written(tmp_path, text)) == [
        f"destinations.a.auth.password_file: {tmp_path}/password: {MISSING}",
        f"destinations.b.auth.token_file: {tmp_path}/token: is empty",
        f"destinations.b.ca_file: {tmp_path}/ca.pem: {MISSING}",
    ]


@pytest.mark.parametrize(
    "name",
    ["UPLOAD__URI", "WORKLIST__URI", "REDIS__URL"],
)
@pytest.mark.parametrize(
    "value",
    [
        f"https://me:{CANARY}@archive/studies",
        f"https://archive/studies?key={CANARY}",
        f"redis://:{CANARY}@host/0",
        CANARY,
    ],
)
def test_no_mistake_shows_a_credential(environ: pytest.MonkeyPatch, name: str, value: str) -> None:
    environ.setenv(PREFIX + name, value)

    assert CANARY not in "\n".join(mistakes())


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("basic", "username and password_file"), ("bearer_file", "token_file")],
)
def test_a_kind_says_what_it_needs(environ: pytest.MonkeyPatch, kind: str, needed: str) -> None:
    environ.setenv(PREFIX + "UPLOAD__URI", "https://archive/studies")
    environ.setenv(PREFIX + "AUTH__KIND", kind)

    assert mistakes() == [f'auth: kind = "{kind}" needs {needed}']
