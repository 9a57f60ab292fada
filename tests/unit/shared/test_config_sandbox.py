"""The sandbox is the destination only while nothing else is configured."""

import os
from pathlib import Path

import pytest

from shared.config import load
from shared.errors import ConfigurationError
from shared.sections import PREFIX

SANDBOX = "http://sandbox:4010"


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(PREFIX + "SANDBOX", SANDBOX)
    return monkeypatch


def test_the_sandbox_is_the_destination_while_nothing_is_configured() -> None:
    settings = load()

    [destination] = settings.destinations
    assert settings.sandbox == SANDBOX
    assert destination.name == "sandbox"
    assert destination.upload_uri == f"{SANDBOX}/studies"
    assert destination.worklist_uri == f"{SANDBOX}/workitems"


@pytest.mark.parametrize("name", ["UPLOAD__URI", "WORKLIST__URI"])
def test_one_uri_ends_the_sandbox_for_uploads_and_worklist(
    environ: pytest.MonkeyPatch, name: str
) -> None:
    environ.setenv(PREFIX + name, "https://archive.example/dicom-web")

    settings = load()

    assert settings.sandbox is None
    assert [each.name for each in settings.destinations] == ["default"]


def test_a_file_ends_the_sandbox_even_if_it_names_no_destination(tmp_path: Path) -> None:
    path = tmp_path / "proxy.toml"
    path.write_text('[log]\nlevel = "debug"\n', "utf-8")

    with pytest.raises(ConfigurationError, match="at least one is needed"):
        load(path)


def test_an_empty_file_is_no_configuration(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "proxy.toml"
    path.touch()
    environ.setenv(PREFIX + "CONFIG", str(path))

    assert load().sandbox == SANDBOX


def test_credentials_without_a_uri_are_a_mistake_and_no_wish_for_the_sandbox(
    environ: pytest.MonkeyPatch,
) -> None:
    environ.setenv(PREFIX + "AUTH__USERNAME", "proxy")

    with pytest.raises(ConfigurationError, match="at least one is needed"):
        load()


def test_a_misspelt_uri_is_a_mistake_and_no_wish_for_the_sandbox(
    environ: pytest.MonkeyPatch,
) -> None:
    environ.setenv(PREFIX + "UPLAOD__URI", "https://archive.example/studies")

    with pytest.raises(ConfigurationError, match="UPLAOD__URI: there is no such setting"):
        load()


def test_an_empty_uri_as_compose_hands_it_on_is_no_configuration(
    environ: pytest.MonkeyPatch,
) -> None:
    environ.setenv(PREFIX + "UPLOAD__URI", "")

    assert load().sandbox == SANDBOX
