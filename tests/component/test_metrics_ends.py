"""When access tokens and certificates end, as services that use them tell it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.spool import Spool
from tests.support.authority import Authority
from tests.support.certificates import Certificates
from tests.support.instances import make
from tests.support.issuer import Issuer
from tests.support.origin_server import OriginServer
from tests.support.origins import secret
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.scraping import scrape
from tests.support.spools import keep, open_spool
from tests.support.ups_items import YAMADA
from tests.support.ups_query import query
from tests.support.ups_scu import associated, responses
from tests.support.ups_server import UpsServer
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds
CONFIGURATION = """\
[[destinations]]
name = "cloud"
upload_uri = "{upload}"
worklist_uri = "{worklist}"
ca_file = "{folder}/ca.pem"

[destinations.auth]
kind = "oauth2"
token_uri = "{issuer}"
client_id = "proxy"
client_secret_file = "{secret}"
client_certificate_file = "{certificate}"
client_key_file = "{key}"
"""


@pytest.fixture
def issuer(tls: Certificates) -> Iterator[Issuer]:
    with Issuer(tls=tls.server(), client="proxy", scopes=None) as running:
        yield running


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path / "spool", sync=False)


def environment(spool: Spool, port: int, **more: object) -> dict[str, object]:
    return {
        "RECEIVE__HOST": "127.0.0.1",
        "HEALTH__HOST": "127.0.0.1",
        "HEALTH__PORT": port,
        "SPOOL__PATH": spool.root,
        "SPOOL__SOFT_RESERVE": 0,
        "SPOOL__HARD_RESERVE": 0,
        **more,
    }


def test_tokens_and_client_certificates(
    tmp_path: Path, tls: Certificates, issuer: Issuer, spool: Spool, redis: RedisServer
) -> None:
    certificate, key = tls.client()
    with OriginServer(tls=tls.server()) as origin, UpsServer([YAMADA]) as ups:
        config = tmp_path / "proxy.toml"
        config.write_text(
            CONFIGURATION.format(
                upload=origin.uri,
                worklist=ups.workitems_uri,
                folder=tmp_path,
                issuer=issuer.uri,
                secret=secret(tmp_path, issuer.client_secret, "client_secret"),
                certificate=certificate,
                key=key,
            )
        )
        ports = free_port(), free_port(), free_port()
        more = {
            "CONFIG": config,
            "REDIS__URL": redis.settings.url,
            "UPLOAD__WORKERS": 1,
            "UPLOAD__RESCAN": 1,
        }
        uploader = Service("uploader", tmp_path, environment(spool, ports[0], **more))
        worklist = Service(
            "worklist",
            tmp_path,
            environment(
                spool,
                ports[1],
                WORKLIST__PORT=ports[2],
                WORKLIST__HOST="127.0.0.1",
                **more,
            ),
        )
        with uploader, worklist:
            for each in (uploader, worklist):
                each.wait_ready()
            assert ("token_seconds", ("cloud", "store")) not in scrape(ports[0])
            keep(spool, make(tmp_path, 1, size=800).path.read_bytes(), ("cloud",))
            wait_until(lambda: spool_is_empty(spool), PATIENCE, "it to be sent")
            wait_until(
                lambda: ("token_seconds", ("cloud", "store")) in scrape(ports[0]), PATIENCE, "it"
            )
            wait_until(lambda: worklist.events("acceptor.started"), PATIENCE, "it to listen")
            with associated(ports[2]) as association:
                responses(association, query(PatientID="P1"))
            sending, asking = scrape(ports[0]), scrape(ports[1])

    assert 0 < sending["token_seconds", ("cloud", "store")] <= 3600
    assert 0 < asking["token_seconds", ("cloud", "worklist")] <= 3600
    for found in (sending, asking):
        assert found["certificate_seconds", ("cloud", "client")] > 0


def spool_is_empty(spool: Spool) -> bool:
    return not list(spool.scan("cloud"))


def test_the_certificate_of_dicom_tls(tmp_path: Path, spool: Spool) -> None:
    ours, port = Authority(tmp_path).issue("gateway"), free_port()
    receiver = Service(
        "receiver",
        tmp_path,
        environment(
            spool,
            port,
            UPLOAD__URI="http://127.0.0.1:9/studies",
            REDIS__URL="redis://127.0.0.1:9/0",
            RECEIVE__PORT=free_port(),
            RECEIVE__TLS_PORT=free_port(),
            RECEIVE__TLS_CERTIFICATE_FILE=ours.certificate,
            RECEIVE__TLS_KEY_FILE=ours.key,
        ),
    )
    with receiver:
        receiver.wait_ready()
        assert scrape(port)["certificate_seconds", ("", "dimse")] > 0
