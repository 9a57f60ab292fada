"""`dicomweb-proxy echo`: is there an application entity that answers C-ECHO?"""

import argparse
import json
import sys

from standalone.options import add_json, add_target, target

SUMMARY = "ask an application entity whether it is there (C-ECHO)"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from standalone import modality

    peer = target(options)
    milliseconds = round(modality.echo(peer) * 1000, 1)
    if options.json:
        text = json.dumps({"answered": True, "milliseconds": milliseconds})
    else:
        text = f"{peer} answered in {milliseconds} ms"
    sys.stdout.write(f"{text}\n")
    return 0
