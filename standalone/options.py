"""Options that several commands share."""

import argparse
import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import ProxyError

if TYPE_CHECKING:
    from standalone.modality import Target

PORT, TLS_PORT = 4008, 2762
HIGHEST_PORT = 65535
LONGEST_AE = 16  # characters (PS3.5 Table 6.2-1)
# host:port of the proxy's services, in a container where only commands run. They are no settings.
RECEIVER, WORKLIST = "DIMSE_RECEIVER", "DIMSE_WORKLIST"


def add_config(parser: argparse.ArgumentParser, default: object = argparse.SUPPRESS) -> None:
    """`--config`, which may stand before or after the command."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=default,
        help="configuration file (default: $DICOMWEB_PROXY_CONFIG, else "
        "/etc/dicomweb-proxy/proxy.toml if it exists)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"a port is a number from 0 to {HIGHEST_PORT}")


def ae_title(text: str) -> str:
    if 1 <= len(text.strip()) <= LONGEST_AE and text.isascii() and text.isprintable():
        return text.strip()
    raise argparse.ArgumentTypeError(f"an AE title is 1 to {LONGEST_AE} printable characters")


def ip_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError("an IPv4 or IPv6 address is needed") from None


def serves_elsewhere() -> bool:
    """Whether no service of ours can be on this machine."""
    return bool(os.environ.get(RECEIVER))


def add_target(parser: argparse.ArgumentParser, variable: str = RECEIVER) -> None:
    """Which application entity to talk to; unless told otherwise, the proxy on this machine."""
    host, number = _named_by(variable)
    group = parser.add_argument_group("application entity")
    group.add_argument(
        "--host",
        default=host or "127.0.0.1",
        help=f"its address (default: that of ${variable}, HOST:PORT, else this machine)",
    )
    group.add_argument(
        "--port",
        type=port,
        help=f"its port (default: that of ${variable}, else {PORT}; over TLS {TLS_PORT})",
    )
    group.add_argument(
        "--called-ae", type=ae_title, default="DICOMWEBPROXY", metavar="AE", help="its AE title"
    )
    group.add_argument(
        "--calling-ae", type=ae_title, default="WORKSTATION", metavar="AE", help="our AE title"
    )
    parser.set_defaults(plain_port=number or str(PORT))
    _add_tls(parser.add_argument_group("DICOM TLS", "any of these means TLS; files are PEM"))


def _add_tls(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--tls", action="store_true", help="speak TLS, trusting whom the system does"
    )
    group.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="the authority of its certificate"
    )
    group.add_argument(
        "--certificate-file",
        type=Path,
        metavar="FILE",
        help="our certificate, where it asks for one",
    )
    group.add_argument(
        "--key-file", type=Path, metavar="FILE", help="its key, if that is in another file"
    )
    group.add_argument(
        "--any-certificate", action="store_true", help="whatever its certificate is, for a try"
    )


def _named_by(variable: str) -> tuple[str, str]:
    host, _, number = os.environ.get(variable, "").rpartition(":")
    return host, number


def target(options: argparse.Namespace) -> "Target":
    """Of add_target. Raises ProxyError for what cannot be used."""
    from standalone import tls_client  # where they are used: pynetdicom takes a while
    from standalone.modality import Target

    trust = tls_client.Trust(
        options.ca_file, options.certificate_file, options.key_file, anybody=options.any_certificate
    )
    secure = options.tls or trust != tls_client.Trust()
    number = options.port
    if number is None:
        number = TLS_PORT if secure else _usable(options.plain_port)
    context = tls_client.context(trust) if secure else None
    return Target(options.host, number, options.called_ae, options.calling_ae, context)


def _usable(number: str) -> int:
    try:
        return port(number)
    except argparse.ArgumentTypeError as error:
        raise ProxyError(f"the environment names no port: {error}") from None
