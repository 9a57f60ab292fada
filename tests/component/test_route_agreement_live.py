"""`route explain` says what becomes of an association and its instances: tried over real ones."""

from pathlib import Path

import pytest

from shared.admission_sections import AdmissionSettings, KnownPeer
from shared.config import Settings
from shared.destination import Destination
from shared.dimse.admission import Admission
from shared.route_sections import Route
from shared.routing import Subject
from standalone.commands.route import explain
from tests.support.data_sets import data_set
from tests.support.raw_association import Asking, RawAssociation
from tests.support.receivers import receiving
from tests.support.spools import open_spool

PEERS = (
    KnownPeer(calling_ae="BANNED", may=()),
    KnownPeer(calling_ae="VIEWER", may=("echo", "query")),
    KnownPeer(calling_ae=("CT*", "OLD*")),
    KnownPeer(network="10.0.0.0/8"),
)
ROUTES = (
    Route(calling_ae="OLD*", action="refuse", status="C123", reason="retired"),
    Route(calling_ae="CT2", action="discard", reason="a test device"),
)
SETTINGS = Settings(
    destinations=(Destination(name="cloud", upload_uri="https://cloud/studies"),),
    admission=AdmissionSettings(called_ae="PROXY*", strangers="refuse"),
    peers=PEERS,
    routes=ROUTES,
)


@pytest.mark.parametrize(
    ("called", "calling"),
    [
        ("PROXY", "CT1"),
        ("PROXY9", "CT2"),
        ("PROXY", "OLD7"),
        ("PROXY", "VIEWER"),
        ("PROXY", "BANNED"),
        ("PROXY", "STRANGER"),
        ("OTHER", "CT1"),
        ("OTHER", "BANNED"),
    ],
)
def test_what_is_explained_is_what_an_association_meets(
    tmp_path: Path, called: str, calling: str
) -> None:
    explained = explain(SETTINGS, Subject(called, calling, "127.0.0.1"))
    admission = Admission(SETTINGS.admission, PEERS)
    spool = open_spool(tmp_path, sync=False)

    with (
        receiving(spool, routes=ROUTES, admission=admission) as port,
        RawAssociation(port) as modality,
    ):
        asking = Asking(called=called.encode(), calling=calling.encode())
        modality.send(asking.encode())
        kind, body = modality.read()
        if kind == 3:
            met = "refused {},{},{}".format(*body[1:])
            assert explained.admission.partition(" by ")[0] == met
            assert set(explained.turned_away) == {"instances", "queries"}
            return
        status = modality.store(data_set()).status
    kept = len(list(spool.scan("cloud")))

    assert explained.admission.startswith("admitted by peers.")
    if away := explained.turned_away.get("instances"):
        assert (f"refused with {status:04X}" in away, kept) == (True, 0)
    else:
        assert (status, kept) == (
            explained.decision.status,
            len(explained.decision.destinations),
        )
