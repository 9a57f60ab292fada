"""Options of the sandbox, from the command line or SANDBOX_HOST, SANDBOX_PORT, SANDBOX_PATH."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from shared import logs
from shared.sections import LogFormat, LogSettings
from standalone.options import port

CAPACITY = 1000  # instances: the sandbox must never be mistaken for an archive
SUMMARY = "a small origin server for trying things; not an archive"
USAGE = 2  # exit code of a command line that cannot be used
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
    parser.add_argument(
        "--ups-profile",
        "--plays",
        dest="plays",
        metavar="SERVER",
        default="by-the-book",
        help="search the worklist in the manner of dcm4chee, azure, pyupsrs, … (by-the-book)",
    )
    parser.add_argument(
        "--capacity",
        type=int,
        default=CAPACITY,
        help=f"instances it takes at most (default, and limit: {CAPACITY:,})",
    )


def run(options: argparse.Namespace) -> int:
    from standalone.sandbox.archive import Archive
    from standalone.sandbox.server import serve
    from standalone.sandbox.ups_profiles import PLAYED
    from standalone.sandbox.ups_sample import sample_worklist
    from standalone.sandbox.ups_store import UpsStore
    from standalone.web_server import CannotStart

    if options.plays not in PLAYED:
        sys.stderr.write(f"sandbox: --plays takes one of {', '.join(PLAYED)}\n")
        return USAGE
    style = LogFormat.CONSOLE if sys.stderr.isatty() else LogFormat.JSON
    logs.configure(LogSettings(format=style), "sandbox")
    try:
        archive = Archive(options.path, min(options.capacity, CAPACITY))
        worklist = UpsStore(options.path / "workitems.json", sample_worklist)
        serve(options.host, options.port, archive, worklist, options.plays)
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
