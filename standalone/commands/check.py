"""`dicomweb-proxy check`: is everything there that the configuration needs?

Nothing is stored, and nothing is sent that names a patient; --store-test stores one made-up image
at each destination. Exit code 1 if anything would fail.
"""

import argparse
import json
import sys
from dataclasses import asdict

from shared.config import load
from shared.needs import NOTHING
from standalone.exits import PROGRAM, UNUSABLE
from standalone.options import add_config, add_json

SUMMARY = "try the configuration: addresses, credentials, spool, Redis, ports"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store-test",
        nargs="*",
        metavar="NAME",
        help="store a made-up image at these destinations; without a name at all of them",
    )
    add_config(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    settings = load(options.config, NOTHING)
    from standalone.checks import FAIL, every
    from standalone.table import table

    uploads = {each.name: each for each in settings.upload_destinations}
    chosen = options.store_test
    if unknown := set(chosen or ()) - uploads.keys():
        there = ", ".join(uploads) or "none"
        fault = f"there is no destination {min(unknown)!r} with uploads; there is: {there}"
        sys.stderr.write(f"{PROGRAM}: --store-test: {fault}\n")
        return UNUSABLE
    found = list(every(settings))
    if chosen is not None:
        from standalone.check_store import store

        found += [store(uploads[name]) for name in chosen or uploads]
    if options.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    else:
        rows = [(each.state, each.subject, each.found, each.advice) for each in found]
        sys.stdout.write(table(("", "What", "Found", "What to do"), rows))
    return 1 if any(each.state == FAIL for each in found) else 0
