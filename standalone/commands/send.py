"""`dicomweb-proxy send`: every instance in files and folders, by C-STORE, as it is."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from standalone.options import add_json, add_target, target

if TYPE_CHECKING:
    from standalone.sending import Result

SUMMARY = "send files and folders by C-STORE, to the proxy or any application entity"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="file or folder")
    add_target(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from standalone import sending

    found = sending.look(options.paths)
    result = sending.send(target(options), found)
    if options.json:
        sys.stdout.write(json.dumps(_as_json(result), indent=2) + "\n")
    else:
        sys.stdout.write(_as_text(result))
    return 0 if result.sent and not result.refused else 1


def _as_json(result: "Result") -> dict[str, object]:
    return {
        "sent": result.sent,
        "skipped": [str(path) for path in result.skipped],
        "refused": [{"file": str(path), "reason": reason} for path, reason in result.refused],
    }


def _as_text(result: "Result") -> str:
    from standalone.table import table

    text = f"{result.sent} sent, {len(result.refused)} refused"
    text += f", {len(result.skipped)} other files skipped\n" if result.skipped else "\n"
    if result.refused:
        text += "\n" + table(("Refused", "Why"), result.refused)
    return text
