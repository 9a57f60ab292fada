"""Files that change while services run: the configuration, as a ConfigMap, and certificates."""

import signal
import socket
import ssl
from pathlib import Path

from tests.support.certificates import certificates
from tests.support.data_sets import data_set
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.proxy import proxy
from tests.support.raw_association import RawAssociation
from tests.support.reloading import PATIENCE, kept, receiver, started, write
from tests.support.waiting import wait_until


class ConfigMap:
    """A mounted one: the file leads to ..data, a link that is put elsewhere at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        folder.mkdir()
        self.file = folder / "proxy.toml"
        self.file.symlink_to("..data/proxy.toml")

    def publish(self, *names: str, port: int = 9) -> None:
        self._number += 1
        (version := self._folder / f"..{self._number}").mkdir()
        write(version / "proxy.toml", *names, port=port)
        self._swap(version)

    def publish_text(self, text: str) -> None:
        self._number += 1
        (version := self._folder / f"..{self._number}").mkdir()
        (version / "proxy.toml").write_text(text)
        self._swap(version)

    def _swap(self, version: Path) -> None:
        (link := self._folder / "..data_tmp").symlink_to(version.name)
        link.rename(self._folder / "..data")


def test_a_config_map_that_changes_is_read_again_without_being_told(tmp_path: Path) -> None:
    mounted = ConfigMap(tmp_path / "mounted")
    mounted.publish("one")
    settings = {"CONFIG": mounted.file, "RELOAD__WATCH": 0.1}
    with receiver(tmp_path, **settings) as service, RawAssociation(started(service)) as modality:
        modality.associate()
        assert modality.store(data_set()).status == 0

        mounted.publish("two")
        wait_until(lambda: service.events("configuration.reloaded"), PATIENCE, "it is read")
        assert modality.store(data_set()).status == 0

        mounted.publish_text("not = [toml")
        wait_until(lambda: service.events("configuration.refused"), PATIENCE, "it is refused")
        assert modality.store(data_set()).status == 0
        assert modality.release() == 6

    assert (kept(tmp_path, "one"), kept(tmp_path, "two")) == (1, 2)


def test_all_of_up_reads_a_config_map_that_changes(
    tmp_path: Path, origin_server: OriginServer
) -> None:
    mounted = ConfigMap(tmp_path / "mounted")
    mounted.publish("one", port=origin_server.port)
    with (
        OriginServer() as other,
        proxy(tmp_path, CONFIG=mounted.file, RELOAD__WATCH=0.1) as running,
        RawAssociation(running.port) as modality,
    ):
        modality.associate()
        wait_until(lambda: "uploader.started" in running.logged(), PATIENCE, "the uploader starts")
        mounted.publish("two", port=other.port)
        wait_until(
            lambda: running.logged().count("configuration.reloaded") >= 2, PATIENCE, "both reread"
        )

        assert modality.store(data_set()).status == 0
        wait_until(lambda: other.held, PATIENCE, "it has arrived")
        assert not origin_server.held


def test_sighup_takes_up_a_new_certificate_and_drops_no_association(tmp_path: Path) -> None:
    write(tmp_path / "proxy.toml", "one")
    made = certificates(tmp_path)
    certificate, key = made.for_server(tmp_path)
    port = free_port()
    trust = ssl.create_default_context(cafile=made.ca_file)

    def connected() -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        return trust.wrap_socket(plain, server_hostname="localhost")

    settings = {
        "RECEIVE__TLS_PORT": port,
        "RECEIVE__TLS_CERTIFICATE_FILE": certificate,
        "RECEIVE__TLS_KEY_FILE": key,
    }
    with receiver(tmp_path, **settings) as service:
        started(service)
        first = connected()
        before = first.getpeercert(binary_form=True)
        with RawAssociation.over(first) as modality:
            modality.associate()
            made.for_server(tmp_path)
            assert service.process
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: service.events("tls.renewed"), 5, "sooner than it looks by itself")

            assert modality.store(data_set()).status == 0
            with connected() as second:
                assert second.getpeercert(binary_form=True) != before
