"""Mistakes in the configuration that pass elsewhere: each is told, with what would be right."""

import re
from pathlib import Path

import pytest

from shared.config import load
from shared.sections import PREFIX
from tests.support.configuration import mistakes, set_variables, written
from tests.support.settings_reference import LISTS, sections

URI = "https://archive.example/studies"


pytestmark = pytest.mark.usefixtures("environ")


@pytest.mark.parametrize(
    ("line", "key", "meant"),
    [
        ("[upload]\nfoo = 1", "upload.foo", ""),
        ("[upload]\nworker = 1", "upload.worker", "upload.workers"),
        ("[upload]\nupload = 1", "upload.upload", ""),
        ("[uplaod]\nuri = 1", "uplaod", "upload"),
        ("[auth]\npasword_file = 1", "auth.pasword_file", "auth.password_file"),
        ("[[peers]]\ncaling_ae = 1", "peers.0.caling_ae", "peers.0.calling_ae"),
        ("[[peers]]\nfoo = 1", "peers.0.foo", ""),
        (
            "[[destinations]]\nauth = { tokn_file = 1 }",
            "destinations.0.auth.tokn_file",
            "destinations.0.auth.token_file",
        ),
    ],
)
def test_a_suggestion_is_a_setting_of_the_same_table(
    tmp_path: Path, line: str, key: str, meant: str
) -> None:
    path = written(tmp_path, line)

    hinted = f" (did you mean {meant}?)" if meant else ""
    assert f"{key} ({path}): there is no such setting{hinted}" in mistakes(path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("UPLOAD__FOO", ""), ("UPLOAD__WORKRS", "UPLOAD__WORKERS"), ("UPLAOD__URI", "UPLOAD__URI")],
)
def test_so_it_is_for_variables(environ: pytest.MonkeyPatch, name: str, meant: str) -> None:
    set_variables(environ, UPLOAD__URI=URI, **{name: "1"})

    hinted = f" (did you mean {PREFIX}{meant}?)" if meant else ""
    assert mistakes() == [f"{PREFIX}{name}: there is no such setting{hinted}"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1000000000", "must be at most 64"),
        ("1e9", "must be at most 64"),
        ("0", "must be at least 1"),
        ("-1", "must be at least 1"),
        ("inf", "must be a finite number"),
        ("1.5", "must be a whole number"),
    ],
)
def test_a_number_of_workers_that_no_machine_has_is_refused(
    tmp_path: Path, value: str, said: str
) -> None:
    path = written(tmp_path, f'[upload]\nuri = "{URI}"\nworkers = {value}\n')

    assert mistakes(path) == [f"upload.workers ({path}): {said}"]


def test_one_table_where_several_may_be_is_told_how_to_write_it(tmp_path: Path) -> None:
    path = written(tmp_path, f'[destinations]\nname = "a"\nupload_uri = "{URI}"\n')

    assert mistakes(path) == [
        f"destinations ({path}): must be a list of tables: write [[destinations]]"
    ]


def test_a_text_where_a_list_belongs_is_told_so(tmp_path: Path) -> None:
    path = written(tmp_path, f'[upload]\nuri = "{URI}"\n[[routes]]\nupload_to = "default"\n')

    assert mistakes(path) == [f'routes.0.upload_to ({path}): must be a list, such as ["a", "b"]']


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://a/studies", "https://a/studies"),
        ("https://a/studies/", "https://a/studies"),
        (" https://a/studies// ", "https://a/studies"),
        ("https://a:8443", "https://a:8443"),
        ("https://[::1]/s", "https://[::1]/s"),
    ],
)
def test_a_trailing_slash_is_dropped(environ: pytest.MonkeyPatch, given: str, kept: str) -> None:
    set_variables(environ, UPLOAD__URI=given)

    assert load().destinations[0].upload_uri == kept


NO_URI = "must be an absolute http or https URI"
NO_MORE = "must have no user info, query or fragment; credentials belong in auth"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://me@a/studies", NO_MORE),
        ("https://me:secret@a/studies", NO_MORE),
        ("https://@a/studies", NO_MORE),
        ("https://a/studies?key=secret", NO_MORE),
        ("https://a/studies?", NO_MORE),
        ("https://a/studies#", NO_MORE),
        ("a/studies", NO_URI),
        ("https:///studies", NO_URI),
        ("https://a:99999/studies", NO_URI),
        ("https://a:x/studies", NO_URI),
        ("https://[::1/studies", NO_URI),
        ("https://a/my studies", NO_URI),
        ("https://a\\studies", NO_URI),
    ],
)
def test_any_other_address_is_refused(environ: pytest.MonkeyPatch, given: str, said: str) -> None:
    set_variables(environ, UPLOAD__URI=given)

    assert mistakes() == [f"upload.uri ({PREFIX}UPLOAD__URI): {said}"]


def test_a_destination_that_is_ourselves_is_told(
    environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = """
[receive]
port = 4444
[[destinations]]
name = "a"
upload_uri = "http://localhost:4444/studies"
worklist_uri = "http://127.0.0.1:4009/workitems"
[[destinations]]
name = "b"
upload_uri = "https://archive.example:4444/studies"
"""
    end = "; an archive speaks DICOMweb on another"

    assert mistakes(written(tmp_path, text)) == [
        f"destinations.a.upload_uri: leads back to our own receive.port{end}",
        f"destinations.a.worklist_uri: leads back to our own worklist.port{end}",
    ]

    environ.setenv(PREFIX + "UPLOAD__URI", "http://[::1]:4008/studies")
    assert mistakes() == [f"upload.uri: leads back to our own receive.port{end}"]


def test_a_port_of_redis_that_is_none_is_told(environ: pytest.MonkeyPatch) -> None:
    set_variables(environ, UPLOAD__URI=URI, REDIS__URL="redis://queue:99999")

    assert mistakes() == [f"redis.url ({PREFIX}REDIS__URL): Port out of range 0-65535"]


def test_a_file_that_is_nested_without_end_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, f"a = {'[' * 5000}{']' * 5000}")

    assert mistakes(path)[0] == f"{path}: is nested too deeply"


WRONG = (
    "-1",
    "1.5",
    "1e30",
    "inf",
    "nan",
    "true",
    '""',
    '"?"',
    "[]",
    "[1]",
    "[[]]",
    "{}",
    "{ a = 1 }",
)
TABLES = {
    **{f"[{name}]": model for name, model in sections()},
    **{f"[[{name}]]": model for name, model in LISTS.items()},
}


@pytest.mark.parametrize("table", TABLES)
def test_whatever_is_wrong_is_said_in_words_of_a_configuration(tmp_path: Path, table: str) -> None:
    for key in TABLES[table].model_fields:
        for value in WRONG:
            path = written(tmp_path, f"{table}\n{key} = {value}\n")
            for line in mistakes(path):
                said = line.partition(f"({path}): ")[2]
                assert not re.search(r"[Ii]nput|[Ff]ield|valid|pydantic|tuple|dict|\bstr\b", said)
