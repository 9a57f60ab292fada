"""Options that several commands share."""

import argparse
import ipaddress
from pathlib import Path

HIGHEST_PORT = 65535
LONGEST_AE = 16  # characters (PS3.5 Table 6.2-1)


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


def add_target(parser: argparse.ArgumentParser) -> None:
    """Which application entity to talk to; unless told otherwise, the proxy on this machine."""
    group = parser.add_argument_group("application entity")
    group.add_argument("--host", default="127.0.0.1", help="its address (default: this machine)")
    group.add_argument("--port", type=port, default=4008, help="its port (default: 4008)")
    group.add_argument(
        "--called-ae", type=ae_title, default="DICOMWEBPROXY", metavar="AE", help="its AE title"
    )
    group.add_argument(
        "--calling-ae", type=ae_title, default="WORKSTATION", metavar="AE", help="our AE title"
    )
