"""The console script `dicomweb-proxy`."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence

from shared import hangup
from shared.errors import ConfigurationError, ProxyError
from standalone.exits import FAILED, INTERRUPTED, PROGRAM, UNUSABLE, epilog
from standalone.options import add_config
from standalone.version import VERSION

# name -> module with SUMMARY, add_options(parser) and run(options) -> exit code
COMMANDS = {
    "up": "standalone.up",
    "sandbox": "standalone.sandbox.options",
    "demo": "standalone.demo",
    "echo": "standalone.commands.echo",
    "send": "standalone.commands.send",
    "worklist": "standalone.commands.worklist",
    "config": "standalone.commands.config",
    "status": "standalone.commands.status",
    "page": "standalone.commands.page",
    "check": "standalone.commands.check",
    "route": "standalone.commands.route",
    "quarantine": "standalone.commands.quarantine",
    "spool": "standalone.commands.spool",
    "completion": "standalone.commands.completion",
}
RELOADING = {"up", "page"}  # read their settings again on SIGHUP
EXIT_CODES = epilog()


def main(arguments: Sequence[str] | None = None) -> int:
    before = hangup.keep()
    _take_any_character()
    options = parser().parse_args(arguments)
    if not options.reloads:
        hangup.handle(before)
    try:
        return int(options.run(options))
    except ConfigurationError as error:
        for mistake in error.mistakes:
            _complain(f"configuration: {mistake}")
        return UNUSABLE
    except ProxyError as error:
        _complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `… | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:  # a folder that cannot be read, a disk that is full
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"{place}{error.strerror or type(error).__name__}")
        return FAILED


def _take_any_character() -> None:
    """A patient's name may not fit the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _complain(line: str) -> None:
    sys.stderr.write(f"{PROGRAM}: {line}\n")


def parser() -> argparse.ArgumentParser:
    """All of it; for what is made of the options as well."""
    whole = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A gateway between modalities that speak DIMSE and archives that speak "
        "DICOMweb.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    add_config(whole, default=None)
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, path in COMMANDS.items():
        module = importlib.import_module(path)
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.__doc__,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_options(command)
        command.set_defaults(run=module.run, reloads=name in RELOADING)
    return whole


if __name__ == "__main__":
    sys.exit(main())
