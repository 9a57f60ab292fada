"""`dicomweb-proxy worklist`: what a modality would see of the worklist (C-FIND)."""

import argparse
import json
import re
import sys
from datetime import datetime

from standalone.options import WORKLIST, add_json, add_target, target

SUMMARY = "ask for the worklist as a modality does (C-FIND)"
DATE = re.compile(r"\d{8}|\d{8}-(\d{8})?|-\d{8}")


def add_options(parser: argparse.ArgumentParser) -> None:
    keys = parser.add_argument_group("matching keys", "what is not given matches everything")
    keys.add_argument(
        "--date", type=date, default="today", help="today, all, YYYYMMDD or a range (today)"
    )
    keys.add_argument("--modality", default="", help="CT, MR, …")
    keys.add_argument("--station", default="", metavar="AE", help="AE title of the station")
    keys.add_argument("--patient-name", default="", metavar="NAME", help="with * and ?")
    keys.add_argument("--patient-id", default="", metavar="ID")
    keys.add_argument("--accession", default="", metavar="NUMBER")
    add_target(parser, WORKLIST)
    add_json(parser)


def date(text: str) -> str:
    if text == "all":
        return ""
    if text == "today":
        return datetime.now().astimezone().strftime("%Y%m%d")
    if DATE.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError("a date is today, all, YYYYMMDD or YYYYMMDD-YYYYMMDD")


def run(options: argparse.Namespace) -> int:
    from standalone import modality
    from standalone.table import table
    from standalone.worklist_query import COLUMNS, Keys, rows

    keys = Keys(
        options.date,
        options.modality,
        options.station,
        options.patient_name,
        options.patient_id,
        options.accession,
    )
    peer = target(options)
    answers = modality.find(peer, keys.identifier())
    if options.json:
        found = [each.to_json_dict(suppress_invalid_tags=True) for each in answers]
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(table(COLUMNS, rows(answers)) + f"\n{len(answers)} found\n")
    return 0
