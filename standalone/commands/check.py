"""`dicomweb-proxy check`: is everything there that the configuration needs?

Nothing is stored and nothing is sent that names a patient. Exit code 1 if anything would fail.
"""

import argparse
import json
import sys
from dataclasses import asdict

from shared.config import load
from standalone.options import add_config, add_json

SUMMARY = "try the configuration: addresses, credentials, spool, Redis, ports"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    from standalone.checks import FAIL, every
    from standalone.table import table

    found = list(every(settings))
    if options.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    else:
        rows = [(each.state, each.subject, each.found, each.advice) for each in found]
        sys.stdout.write(table(("", "What", "Found", "What to do"), rows))
    return 1 if any(each.state == FAIL for each in found) else 0
