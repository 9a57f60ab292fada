"""`dicomweb-proxy page`: a status page, of counts only, for whoever may reach its port."""

import argparse
import sys

from shared.config import load
from shared.errors import ProxyError
from shared.needs import NOTHING
from standalone.options import add_config, port

SUMMARY = "serve a status page of counts"
PORT = 8090


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument(
        "--port", type=port, default=PORT, help=f"its port; 0 takes a free one (default: {PORT})"
    )


def run(options: argparse.Namespace) -> int:
    from standalone.page.app import application
    from standalone.web_server import CannotStart, WebServer, base_uri, listener

    settings = load(options.config, NOTHING)
    try:
        listening = listener(options.host, options.port)
    except CannotStart as error:
        raise ProxyError(str(error)) from None
    with listening:
        server = WebServer(application(settings), listening)
        sys.stdout.write(f"status page at {base_uri(listening)}\n")
        sys.stdout.flush()
        server.serve_until_signalled()
    return 0
