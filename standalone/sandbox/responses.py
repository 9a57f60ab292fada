"""DICOM JSON (PS3.18 Annex F) and plain refusals."""

import json
from typing import Any

from starlette.responses import PlainTextResponse, Response

DICOM_JSON = "application/dicom+json"


def dicom_json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type=DICOM_JSON)


def refusal(status: int, reason: str) -> Response:
    return PlainTextResponse(reason + "\n", status)


def attribute(vr: str, *values: object) -> dict[str, object]:
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}
