"""Client certificates that are renewed while we run, against a server that demands them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from shared.destination import Auth, AuthKind
from shared.errors import Denied, Misconfigured
from tests.support.certificates import Certificates, certificates
from tests.support.delivery import settings, uploading
from tests.support.instances import make
from tests.support.origin_server import Exchange, OriginServer, well
from tests.support.origins import destination
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from uploader.origin import Origin


@pytest.fixture
def server(tls: Certificates) -> Iterator[OriginServer]:
    """Asks for the certificate again for each request, as it keeps no connection."""
    with OriginServer(tls=tls.server(demand_client=True)) as running:
        running.always = closing
        yield running


def closing(exchange: Exchange) -> None:
    well(exchange)
    exchange.close_connection = True


def renew(tls: Certificates, seconds: float = 3600) -> Auth:
    """New files in the place of the old: good for so long."""
    ends = datetime.now(UTC) + timedelta(seconds=seconds)
    certificate, key = tls.client(not_after=ends)
    return Auth(kind=AuthKind.NONE, client_certificate_file=certificate, client_key_file=key)


def ended(pem: bytes) -> bool:
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc < datetime.now(UTC)


def test_a_certificate_that_ends_in_the_middle_of_a_run_holds_until_it_is_renewed(
    server: OriginServer, tls: Certificates, redis: RedisServer
) -> None:
    made = [make(tls.folder, number) for number in range(60)]
    target = destination(
        server.uri, auth=renew(tls, seconds=8), ca_file=tls.ca_file, batch_instances=2
    )
    with uploading(settings(redis.settings, tls.folder, target, max_attempts=1)) as uploader:
        uploader.keep(*made[:10])
        uploader.run()
        shown = (tls.folder / "client.pem").read_bytes()
        wait_until(lambda: ended(shown), 30, "the certificate to end")
        uploader.keep(*made[10:])
        uploader.run_for(1.0)
        assert len(server.held) == 10

        renew(tls)
        uploader.run()

        assert len(server.held) == 60
        assert list(uploader.at.spool.quarantined()) == []


def test_a_certificate_renewed_in_time_is_shown_without_a_failure(
    server: OriginServer, tls: Certificates
) -> None:
    origin = Origin(destination(server.uri, auth=renew(tls, seconds=6), ca_file=tls.ca_file))
    first, second = make(tls.folder, 1), make(tls.folder, 2)
    assert origin.store([first.path])[0].delivered
    shown = (tls.folder / "client.pem").read_bytes()
    renew(tls)
    wait_until(lambda: ended(shown), 30, "the old one to end")

    assert origin.store([second.path])[0].delivered
    origin.close()


def test_a_renewed_ca_file_is_trusted_without_a_restart(tls: Certificates, tmp_path: Path) -> None:
    (tmp_path / "next").mkdir()
    renewed = certificates(tmp_path / "next")
    with OriginServer(tls=renewed.server()) as running:
        origin = Origin(destination(running.uri, ca_file=tls.ca_file))
        with pytest.raises(Misconfigured, match="certificate we do not trust"):
            origin.store([make(tmp_path).path])
        tls.ca_file.write_text("half a file")
        with pytest.raises(Misconfigured, match="certificate we do not trust"):
            origin.store([make(tmp_path).path])

        renewed.ca_file.rename(tls.ca_file)

        assert origin.store([make(tmp_path).path])[0].delivered
        origin.close()


def test_half_a_renewed_pair_is_not_shown_and_the_old_one_goes_on(
    server: OriginServer, tls: Certificates
) -> None:
    origin = Origin(destination(server.uri, auth=renew(tls), ca_file=tls.ca_file))
    old_key = (tls.folder / "client.key").read_bytes()
    renew(tls)
    new_key = (tls.folder / "client.key").read_bytes()
    (tls.folder / "client.key").write_bytes(old_key)

    assert origin.store([make(tls.folder, 1).path])[0].delivered

    (tls.folder / "client.key").write_bytes(new_key)
    assert origin.store([make(tls.folder, 2).path])[0].delivered
    origin.close()


def test_a_certificate_of_another_authority_is_denied_until_it_is_replaced(
    server: OriginServer, tls: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = certificates(tmp_path / "other")
    certificate, key = stranger.client()
    auth = Auth(kind=AuthKind.NONE, client_certificate_file=certificate, client_key_file=key)
    origin = Origin(destination(server.uri, auth=auth, ca_file=tls.ca_file))
    with pytest.raises(Denied, match="client certificate"):
        origin.store([make(tls.folder, 1).path])

    renewed, its_key = tls.client()
    its_key.rename(key)
    renewed.rename(certificate)

    assert origin.store([make(tls.folder, 1).path])[0].delivered
    origin.close()
