"""Certificates of the acceptor that are renewed at a bad moment: used as soon as they can be."""

import os
from pathlib import Path, PosixPath

import pytest

from shared.dimse.tls import Credentials
from shared.sections import Receive
from tests.support.authority import Authority, Identity
from tests.support.descriptors import none_left_to


class Replaced(PosixPath):
    """A file that is gone once it was read, for as long as whoever replaces it takes."""

    def read_bytes(self) -> bytes:
        data = super().read_bytes()
        self.unlink()
        return data


def settings(ours: Identity, authorities: Path | None = None) -> Receive:
    return Receive(
        tls_certificate_file=ours.certificate,
        tls_key_file=ours.key,
        tls_client_ca_file=authorities,
    )


def test_what_could_not_be_read_is_used_once_it_can_be(
    authority: Authority, ours: Identity
) -> None:
    credentials = Credentials(settings(ours))
    before = credentials.context
    authority.issue("ours")
    with none_left_to(os.getpid()):
        credentials.refresh()
    assert credentials.context is before

    credentials.refresh()

    assert credentials.context is not before


@pytest.mark.parametrize("name", ["tls_certificate_file", "tls_client_ca_file"])
def test_what_is_replaced_while_it_is_read_is_used_the_next_time(
    authority: Authority, ours: Identity, name: str
) -> None:
    given = settings(ours, authority.certificate)
    replaced = Replaced(getattr(given, name))
    content = replaced.read_text()
    credentials = Credentials(given)
    before = credentials.context
    credentials._settings = given.model_copy(update={name: replaced})
    replaced.write_text(content + "\n")

    credentials.refresh()
    assert credentials.context is before

    credentials._settings = given
    replaced.write_text(content)
    credentials.refresh()
    assert credentials.context is not before
