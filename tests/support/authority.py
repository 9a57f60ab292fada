"""Certificates for tests: an authority and what it issues, as PEM files in a folder."""

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Identity:
    certificate: Path
    key: Path


class Authority:
    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.certificate = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.certificate)

    def issue(self, name: str, *hosts: str) -> Identity:
        """For this machine and others; an identity of the same name is replaced."""
        leaf = self._ca.issue_cert("127.0.0.1", "localhost", *hosts, common_name=name)
        identity = Identity(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        leaf.private_key_pem.write_to_path(identity.key)
        identity.certificate.write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        return identity
