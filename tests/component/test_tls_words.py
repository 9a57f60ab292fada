"""Why a TLS handshake failed, in words for who runs the proxy or the device."""

import socket
import ssl
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from shared.dimse.tls_words import WORDS
from tests.support import dcmtk
from tests.support.authority import Authority
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.receiver_process import receiver
from tests.support.waiting import wait_until

PAGE = Path(__file__).parents[2] / "docs" / "modalities.md"


def openssl(*options: str | Path) -> Callable[[int], object]:
    return lambda port: subprocess.run(
        [peer("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *options],
        check=False,
        capture_output=True,
        input=b"",
        timeout=20,
    )


def who_does_not_trust_us(port: int) -> None:
    context = ssl.create_default_context(cafile=None)
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    with pytest.raises(ssl.SSLError), context.wrap_socket(plain, server_hostname="127.0.0.1"):
        pass


def _told(service: Service, times: int) -> bool:
    return len(service.events("tls.refused")) >= times


def test_each_way_to_fail_is_told_apart_in_words(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.issue("proxy")
    stranger = Authority(tmp_path, "strange-ca").issue("stranger")
    settings = {
        "RECEIVE__TLS_CERTIFICATE_FILE": ours.certificate,
        "RECEIVE__TLS_KEY_FILE": ours.key,
        "RECEIVE__TLS_CLIENT_CA_FILE": authority.certificate,
        "RECEIVE__TLS_PORT": (port := free_port()),
    }
    failing: dict[str, Callable[[int], object]] = {
        "not TLS: a plain DICOM client": lambda port: dcmtk.run("echoscu", "127.0.0.1", port),
        "speaks no TLS 1.2": openssl("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        "no cipher that we take": openssl("-tls1_2", "-cipher", "AES128-SHA"),
        "shows no certificate": openssl("-tls1_2"),
        "certificate of the device: unable to get local issuer certificate": openssl(
            "-cert", stranger.certificate, "-key", stranger.key
        ),
        "does not trust the authority of our certificate": who_does_not_trust_us,
    }
    with receiver(tmp_path, **settings) as service:
        wait_until(lambda: service.events("receiver.started"), 30, "it has started")
        for number, call in enumerate(failing.values(), 1):
            call(port)
            wait_until(partial(_told, service, number), 10, "it is told")
        told = [str(each["reason"]) for each in service.events("tls.refused")]

    assert [words for words, line in zip(failing, told, strict=True) if words not in line] == []


@pytest.mark.parametrize("words", sorted(set(WORDS.values())))
def test_the_page_for_modalities_has_all_of_them(words: str) -> None:
    assert f"| {words} |" in PAGE.read_text("utf-8")
