"""Options that several commands share."""

import argparse
from pathlib import Path

HIGHEST_PORT = 65535


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
