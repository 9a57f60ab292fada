"""Options that several commands share."""

import argparse
import ipaddress
import os
from pathlib import Path

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
    host, _, number = os.environ.get(variable, "").rpartition(":")
    group = parser.add_argument_group("application entity")
    group.add_argument(
        "--host",
        default=host or "127.0.0.1",
        help=f"its address (default: that of ${variable}, HOST:PORT, else this machine)",
    )
    group.add_argument(
        "--port",
        type=port,
        default=number or "4008",
        help=f"its port (default: that of ${variable}, else 4008)",
    )
    group.add_argument(
        "--called-ae", type=ae_title, default="DICOMWEBPROXY", metavar="AE", help="its AE title"
    )
    group.add_argument(
        "--calling-ae", type=ae_title, default="WORKSTATION", metavar="AE", help="our AE title"
    )
