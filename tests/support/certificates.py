"""A certificate authority of the test's own, for TLS on loopback."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """`authority` signs everything; files are PEM."""

    authority: trustme.CA
    ca_file: Path
    folder: Path

    def server(
        self, *names: str, demand_client: bool = False, not_after: datetime | None = None
    ) -> ssl.SSLContext:
        """A server's context; `demand_client`: only for clients with a certificate of ours."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = self.authority.issue_cert(
            *(names or ("localhost", "127.0.0.1")), not_after=not_after
        )
        issued.configure_cert(context)
        if demand_client:
            self.authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def for_server(self, folder: Path) -> tuple[Path, Path]:
        """Certificate and key of this machine, for a server that is another program."""
        issued = self.authority.issue_cert("localhost", "127.0.0.1")
        certificate, key = folder / "server.pem", folder / "server.key"
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key

    def client(
        self, name: str = "proxy.example", *, not_after: datetime | None = None
    ) -> tuple[Path, Path]:
        """Certificate and key of a client, as files; those of before are replaced."""
        issued = self.authority.issue_cert(name, not_after=not_after)
        certificate, key = self.folder / "client.pem", self.folder / "client.key"
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return certificate, key


def certificates(folder: Path) -> Certificates:
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Certificates(authority, ca_file, folder)
