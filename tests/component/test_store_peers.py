"""How strictly what a peer stores is looked at: as receive.validation says, or as its own entry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.data_sets import data_set
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.raw_association import Asking, RawAssociation
from tests.support.waiting import wait_until

SITE = """
[[destinations]]
name = "cloud"
upload_uri = "https://archive.example/studies"

[receive]
validation = "{validation}"

[[peers]]
calling_ae = "OLD*"
validation = "lenient"

[[peers]]
calling_ae = "NEW"
validation = "strict"
"""


@pytest.fixture(params=["strict", "lenient"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, int]]:
    file = tmp_path / "proxy.toml"
    file.write_text(SITE.format(validation=request.param))
    environment = {
        "CONFIG": file,
        "RECEIVE__HOST": "127.0.0.1",
        "RECEIVE__PORT": (port := free_port()),
        "HEALTH__PORT": 0,
        "REDIS__URL": "redis://127.0.0.1:9/0",
        "SPOOL__PATH": tmp_path / "spool",
        "SPOOL__SOFT_RESERVE": 0,
        "SPOOL__HARD_RESERVE": 0,
    }
    with Service("receiver", tmp_path, environment) as service:
        wait_until(lambda: service.events("receiver.started"), 30, "the receiver to listen")
        yield request.param, port


def test_a_peer_is_taken_as_its_entry_says_else_as_all_are(site: tuple[str, int]) -> None:
    validation, port = site
    without_study = data_set(study=None)
    told = {}
    for calling in (b"OLD1", b"NEW", b"ANY"):
        with RawAssociation(port) as modality:
            modality.associate(Asking(calling=calling))
            told[calling] = modality.store(without_study).status

    anybody = 0xC000 if validation == "strict" else 0x0000
    assert told == {b"OLD1": 0x0000, b"NEW": 0xC000, b"ANY": anybody}
