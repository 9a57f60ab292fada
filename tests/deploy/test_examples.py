"""What the examples and the documentation say exists, and exists as they say."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import create_model

from shared.config import load
from shared.config_sources import FILE_VARIABLE, keys
from shared.sections import PREFIX, Sections
from standalone.cli import COMMANDS
from tests.support import settings_reference as reference
from tests.support.cli import Console
from tests.support.documented import Block, blocks

ROOT = reference.ROOT
# Valid wherever a secret is read: as a Google key, and as any text.
SECRET = '{"client_email": "a@b", "private_key": "k", "token_uri": "t"}'
KNOWN = {
    PREFIX,
    FILE_VARIABLE,
    *(PREFIX + name.upper() for name in Sections.model_fields),
    *(PREFIX + key.upper().replace(".", "__") for key in keys()),
}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    return [path for name in listed.stdout.split() if (path := ROOT / name).exists()]


DOCUMENTS = tracked("*.md")
EXAMPLES = [*DOCUMENTS, *tracked("*.yml", "*.yaml", "*.toml", ".env.example", "deploy/")]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_example_file_is_made_from_the_settings() -> None:
    assert reference.EXAMPLE.read_text("utf-8") == reference.example(), "run: make docs"


def test_the_configuration_reference_is_made_from_the_settings() -> None:
    assert reference.REFERENCE.read_text("utf-8") == reference.reference(), "run: make docs"


def test_every_line_of_the_example_file_is_a_setting_and_a_value_for_it() -> None:
    text = re.sub(r"^#(?! )", "", reference.EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    models = {**dict(reference.sections()), **reference.LISTS}

    content = tomllib.loads(text)

    assert content.keys() == models.keys()
    for name, table in content.items():
        fields = models[name].model_fields
        [values] = table if isinstance(table, list) else [table]
        assert values.keys() == fields.keys()
        for key, value in values.items():  # each by itself: some exclude one another
            alone: dict[str, Any] = {key: (fields[key].annotation, fields[key])}
            create_model("Alone", **alone)(**{key: value})


def test_the_example_file_as_it_is_changes_nothing() -> None:
    content = tomllib.loads(reference.EXAMPLE.read_text("utf-8"))

    assert all(table == {} for table in content.values())
    assert content.keys() == dict(reference.sections()).keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_every_variable_named_is_a_setting(path: Path) -> None:
    found = set(re.findall(PREFIX + r"[A-Z0-9_]*", path.read_text("utf-8")))

    assert {name for name in found if name.removesuffix("__") not in KNOWN} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    inside = [link for link in links if "://" not in link and not link.startswith("mailto:")]

    assert [link for link in inside if not (path.parent / link).exists()] == []


STEP_BY_STEP = {"aws.md", "azure.md", "destinations.md", "google.md"}


@pytest.mark.parametrize(
    "text",
    [each.text for each in blocks() if each.page.name in STEP_BY_STEP and each.language == "toml"],
)
def test_a_destination_step_by_step_is_a_configuration(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "proxy.toml"
    for name in re.findall(r"/run/secrets/(\w+)", text):
        (tmp_path / name).write_text(SECRET, "utf-8")
    file.write_text(text.replace("/run/secrets", str(tmp_path)), "utf-8")

    assert load(file).upload_destinations
    shown = Console(monkeypatch, capsys)("config", "show", "--config", file)
    assert shown.code == 0, shown.err


@pytest.mark.parametrize(
    "block",
    [each for each in blocks() if each.language == "toml"],
    ids=lambda each: f"{each.page.name}: {each.text.splitlines()[0]}",
)
def test_every_piece_of_configuration_on_a_page_has_settings_that_there_are(block: Block) -> None:
    given = tomllib.loads(block.text)

    assert Sections(**given).model_fields_set == given.keys()


def anchors(path: Path) -> set[str]:
    """What the headings of a page may be linked as."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_anchor_linked_is_a_heading(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", path.read_text("utf-8"))
    targets = [(path.parent / page if page else path, anchor) for page, anchor in links]

    assert [(str(page), each) for page, each in targets if each not in anchors(page)] == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    pages = [each.relative_to(ROOT / "docs") for each in (ROOT / "docs").rglob("*.md")]
    told = (ROOT / "mkdocs.yml").read_text("utf-8")

    assert [page for page in pages if f" {page}\n" not in told] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_command_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    told = set(re.findall(r"(?:^|`)dicomweb-proxy ([a-z]+)", text, re.MULTILINE))
    assert told <= COMMANDS.keys()
