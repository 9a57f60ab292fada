"""`dicomweb-proxy status`: are instances moving, and if not, why not?

Exit code 3 where the spool or Redis cannot be asked; 1 where somebody has to act: modalities are
turned away, no uploader runs, or none that sends to a destination, or what waits has no destination
any more. A destination that is held is none of these.
"""

import argparse
import json
import sys
import time

from shared.config import Settings, load
from shared.needs import NOTHING
from standalone.exits import FAILED, FINE, UNKNOWN
from standalone.options import add_config, add_json

SUMMARY = "what waits, what is held and why, what was stored"
PAUSE = 2.0  # seconds between looks
CLEAR = "\x1b[2J\x1b[H"  # the terminal, and to its upper left corner


def add_options(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("--watch", action="store_true", help=f"again every {PAUSE:g} s")


def run(options: argparse.Namespace) -> int:
    settings = load(options.config, NOTHING)
    while True:
        text, code = _look(settings, as_json=options.json)
        live = options.watch and not options.json and sys.stdout.isatty()
        sys.stdout.write(f"{CLEAR if live else ''}{text}\n")
        sys.stdout.flush()
        if not options.watch:
            return code
        time.sleep(PAUSE)


def _look(settings: Settings, *, as_json: bool) -> tuple[str, int]:
    from standalone.state import as_content, as_text, look

    state = look(settings)
    text = json.dumps(as_content(state)) if as_json else as_text(state, time.time())
    failed = FAILED if state.fails else FINE
    return text, failed if state.known else UNKNOWN
