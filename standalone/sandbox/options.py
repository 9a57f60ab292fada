"""Options of the sandbox, from the command line or SANDBOX_HOST, SANDBOX_PORT, SANDBOX_PATH."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from shared import logs
from shared.sections import LogFormat, LogSettings
from standalone.sandbox.server import CannotStart, serve

PORT = 4010  # beside 4008 (receiver) and 4009 (worklist)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default=os.environ.get("SANDBOX_HOST") or "127.0.0.1",
        help="address to listen on (default: loopback only)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=os.environ.get("SANDBOX_PORT") or str(PORT),
        help=f"port to listen on; 0 takes a free one (default: {PORT})",
    )
    parser.add_argument(
        "--path",
        type=Path,
        default=Path(os.environ.get("SANDBOX_PATH") or "sandbox-data"),
        help="folder that holds what is stored (default: ./sandbox-data)",
    )


def port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:  # noqa: PLR2004  # TCP's limit
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")


def run(options: argparse.Namespace) -> int:
    style = LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON
    logs.configure(LogSettings(format=style), "sandbox")
    try:
        serve(options.host, options.port, options.path)
    except CannotStart as fault:
        sys.stderr.write(f"sandbox: {fault}\n")
        return 1
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m standalone.sandbox",
        description="A small origin server for trying things. Not an archive.",
    )
    add_options(parser)
    return run(parser.parse_args(arguments))
