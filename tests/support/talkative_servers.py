"""Origin servers that repeat patient data wherever HTTP has room for it."""

import json
from collections.abc import Callable
from typing import Any

from pydicom._dicom_dict import DicomDictionary
from starlette.requests import Request
from starlette.responses import Response

from tests.support import answers
from tests.support.canaries import BIRTH_DATE, canary, text_tags
from tests.support.origin_server import Answer, Exchange, well
from tests.support.ups_items import DataSet, value, yamada
from tests.support.ups_server import JSON, answer

SAYING = f"{canary(80_001)} born {BIRTH_DATE}"
PAGE = f"<html><title>{SAYING}</title></html>"
REFUSED = 0xA900  # failure reason: data set does not match SOP class (PS3.18 Table I.2-2)


def _phrase(exchange: Exchange) -> None:
    exchange.read_body()
    exchange.send_response(500, SAYING)
    exchange.send_header("Warning", f'299 here "{SAYING}"')
    exchange.send_header("Content-Length", str(len(PAGE)))
    exchange.end_headers()
    exchange.wfile.write(PAGE.encode())


# Each that holds the destination costs the test half a second.
STORE: tuple[Answer, ...] = (
    answers.status(503, SAYING, "text/plain", headers={"Retry-After": SAYING}),
    _phrase,
    answers.redirect(302, f"/login?patient={canary(80_002)}"),
    answers.status(400, SAYING, "text/plain"),
    answers.status(403, {"error": SAYING}),
    answers.status(409, {"00081198": {"vr": "SQ", "Value": [SAYING, {SAYING: SAYING}]}}),
    answers.status(200, f'{{"{SAYING}', JSON),
    answers.status(200, PAGE, "text/html"),
    answers.drop(store=False),
    answers.partial({0: SAYING}, code=202, words=SAYING),
    answers.partial({0: REFUSED}, words=SAYING),
)


def refusing(uids: set[str]) -> Answer:
    """Takes all but these, and says why in many words."""

    def answer(exchange: Exchange) -> None:
        if exchange.command != "POST":
            well(exchange)
            return
        sent = exchange.read_instances()
        bad: dict[int, int | str | None] = {
            number: REFUSED for number, each in enumerate(sent) if each.uid in uids
        }
        answers.partial(bad, words=SAYING)(exchange)

    return answer


def workitem() -> DataSet:
    """One whose every text attribute is a canary."""
    item = yamada()
    for number, tag in enumerate(text_tags(), start=1):
        vr = DicomDictionary[tag][0]
        text = canary(number)
        item[f"{tag:08X}"] = value(vr, {"Alphabetic": text} if vr == "PN" else text)
    item["00100030"] = value("DA", BIRTH_DATE)
    item["00741000"] = value("CS", "SCHEDULED")
    return item


def _odd(**changes: Any) -> DataSet:
    return workitem() | yamada(**changes)


ODD_ITEMS: tuple[DataSet, ...] = (
    _odd(t00404005=value("DT", canary(80_010))),  # a date that is none
    _odd(t00100010=value("PN", canary(80_011))),  # a name without its groups
    _odd(t00100010={"vr": "PN", "Value": canary(80_012)}),
    _odd(t00404025=value("SQ", canary(80_013))),
    _odd(t0040A370={"vr": "SQ", "Value": {canary(80_014): canary(80_015)}}),
    _odd(t00080018=value("UI", canary(80_016))),
    _odd(t00101030=value("DS", canary(80_017))),  # Patient's Weight
    _odd(t00100030=value("DA", canary(80_018))),
    _odd(t00101001={"vr": canary(80_019), "InlineBinary": canary(80_020)}),
)


def worklist_answers() -> list[Callable[[Request], Response]]:
    """Each to one search; the last to all that follow."""

    def said(status: int, body: str = SAYING, media: str = "text/plain") -> Any:
        return lambda _: Response(body, status, {"Warning": f'299 x "{canary(80_030)}"'}, media)

    return [
        said(400),
        said(500),
        said(403),
        said(404),
        said(200),
        said(200, f'[{{"{SAYING}', JSON),
        said(200, json.dumps([SAYING, {SAYING: 1}]), JSON),
        said(302),
        lambda _: answer([workitem(), *ODD_ITEMS]),
    ]
