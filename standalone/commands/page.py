"""`dicomweb-proxy page`: a status page; counts for everybody, names and decisions after a login."""

import argparse
import getpass
import sys

from shared.config import load
from shared.errors import ProxyError
from shared.needs import NOTHING
from standalone.options import add_config, port

SUMMARY = "serve the status page"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--host", help="address to listen on (default: page.host)")
    parser.add_argument(
        "--port", type=port, help="its port; 0 takes a free one (default: page.port)"
    )
    parser.add_argument(
        "--make-password",
        metavar="USER",
        help="ask for a password, print a line for page.password_file, and end",
    )


def run(options: argparse.Namespace) -> int:
    if options.make_password is not None:
        return _make_password(options.make_password)
    from standalone.page.server import serve

    settings = load(options.config, NOTHING)
    changes = {"host": options.host, "port": options.port}
    given = {name: value for name, value in changes.items() if value is not None}
    page = settings.page.model_copy(update=given)
    serve(settings, page, options.config, say_where=True)
    return 0


def _make_password(user: str) -> int:
    from standalone.page.passwords import SHORTEST, is_name, line_for

    if not is_name(user):
        raise ProxyError("a user is 1 to 64 printable characters without : and $")
    password = _asked()
    if len(password) < SHORTEST:
        raise ProxyError(f"a password has at least {SHORTEST} characters")
    sys.stdout.write(line_for(user, password) + "\n")
    return 0


def _asked() -> str:
    if not sys.stdin.isatty():
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise ProxyError(
                "no password came by standard input, and there is no terminal to ask at"
            )
        return given
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise ProxyError("these are two different passwords")
    return password
