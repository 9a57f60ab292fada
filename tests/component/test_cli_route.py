"""`dicomweb-proxy route explain`: by attributes, by a file, and what it says of the routes."""

from pathlib import Path

import pytest

from receiver.part10 import file_meta
from tests.support.cli import Console
from tests.support.data_sets import CT, data_set, element


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(monkeypatch, capsys)


ROUTES = """
[routing]
match = "MATCH"
[[destinations]]
name = "cloud"
upload_uri = "https://cloud.example/studies"
[[destinations]]
name = "research"
upload_uri = "https://research.example/studies"
[admission]
called_ae = ["DICOMWEBPROXY", "PROXY*"]
[[peers]]
calling_ae = "QUERIER"
may = ["echo", "query"]
[[routes]]
modality = "CT"
network = "10.0.0.0/8"
upload_to = ["research"]
[[routes]]
calling_ae = "OLD*"
action = "refuse"
status = 0xC001
reason = "retired"
[[routes]]
calling_ae = "OLD1"
action = "discard"
reason = "never reached"
"""


def written(folder: Path, match: str = "first") -> Path:
    path = folder / "proxy.toml"
    path.write_text(ROUTES.replace("MATCH", match))
    return path


def test_attributes_decide_as_given(console: Console, tmp_path: Path) -> None:
    explain: list[str | Path | int] = [
        "--config",
        written(tmp_path),
        "route",
        "explain",
        "--address",
        "10.1.1.1",
    ]

    found = console(*explain, "--modality", "CT", "--json").json
    other = console(*explain, "--modality", "MR", "--json").json

    assert (found["upload_to"], found["decided_by"]) == (["research"], [0])
    assert (other["upload_to"], other["decided_by"]) == (["cloud"], [])
    assert other["tried"][0]["unmet"] == ["modality"]


def test_the_uri_of_the_instance_is_told(console: Console, tmp_path: Path) -> None:
    path = written(tmp_path)
    template = "cloud.example/{calling_ae}/{modality}/studies"
    path.write_text(path.read_text().replace("cloud.example/studies", template))
    explain: list[str | Path] = ["--config", path, "route", "explain", "--calling-ae", "MR 1"]

    text = console(*explain, "--modality", "MR").out
    found = console(*explain, "--modality", "DOE^JOHN", "--json").json

    assert "\n  cloud        https://cloud.example/MR%201/MR/studies\n" in text
    assert found["uris"] == {"cloud": "https://cloud.example/MR%201/UNKNOWN/studies"}


def test_a_refusal_and_a_route_that_is_never_reached_are_told(
    console: Console, tmp_path: Path
) -> None:
    text = console("--config", written(tmp_path), "route", "explain", "--calling-ae", "OLD1").out

    assert "refused with C001: retired" in text
    assert "warning: routes.2 is never reached: routes.1 takes all that it matches" in text


@pytest.mark.parametrize(
    ("option", "title", "expected"),
    [
        ("--called-ae", "OTHER", "refused 1,1,7"),
        ("--calling-ae", "QUERIER", "admitted by peers.0, may echo, query"),
        ("--called-ae", "PROXY2", "admitted, may echo, store, query"),
    ],
)
def test_admission_is_told_too(
    console: Console, tmp_path: Path, option: str, title: str, expected: str
) -> None:
    path = written(tmp_path)

    assert (
        f"association    {expected}\n"
        in console("--config", path, "route", "explain", option, title).out
    )


@pytest.mark.parametrize(
    ("option", "title", "status"),
    [("--called-ae", "OTHER", "0000"), ("--calling-ae", "QUERIER", "0124")],
)
def test_what_admission_turns_away_goes_nowhere_in_json_too(
    console: Console, tmp_path: Path, option: str, title: str, status: str
) -> None:
    path = written(tmp_path)

    found = console("--config", path, "route", "explain", option, title, "--json").json

    assert (found["action"], found["status"]) == ("refuse", status)
    assert found["upload_to"] == found["decided_by"] == []
    assert found["uris"] == {}


def test_all_that_match_are_told(console: Console, tmp_path: Path) -> None:
    path = written(tmp_path, "all")

    found = console("--config", path, "route", "explain", "--calling-ae", "OLD1", "--json").json

    assert (found["action"], found["decided_by"], found["warnings"]) == ("refuse", [1, 2], [])


def test_a_file_says_what_it_is(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "a.dcm"
    head, study = data_set(study=None), element(0x0008_0060, "CS", "CT")
    uids = head.index(element(0x0028_0010, "US", b"\1\0"))
    data = head[:uids] + study + element(0x0020_000D, "UI", "1.2") + head[uids:]
    file.write_bytes(file_meta(CT, "1.2.3.4", "1.2.840.10008.1.2.1") + data)
    explain: list[str | Path | int] = [
        "--config",
        written(tmp_path),
        "route",
        "explain",
        "--address",
        "10.1.1.1",
    ]

    found = console(*explain, "--file", file, "--json").json

    assert found["upload_to"] == ["research"]
    assert found["subject"]["sop_class"] == CT


@pytest.mark.parametrize("content", [b"", b"nothing", bytes(128) + b"DICM", None])
def test_a_file_that_is_none_is_one_line(
    console: Console, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "a.dcm"
    if content is not None:
        file.write_bytes(content)

    ended = console("--config", written(tmp_path), "route", "explain", "--file", file)

    assert ended.code == 1 or content == bytes(128) + b"DICM"
    assert len(ended.err.splitlines()) == (1 if ended.code else 0)


def test_an_address_that_is_none_is_a_mistake_of_usage(console: Console, tmp_path: Path) -> None:
    ended = console("--config", written(tmp_path), "route", "explain", "--address", "hospital")

    assert ended.code == 2
    assert "an IPv4 or IPv6 address is needed" in ended.err
