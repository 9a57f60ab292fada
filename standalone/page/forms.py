"""What a form brings: read from the request's body, which is bounded."""

import asyncio
from urllib.parse import parse_qs

from starlette.requests import Request

LONGEST = 2 * 1024 * 1024  # bytes: the ids of what one form may choose
FIELDS = 20_000
PATIENCE = 30.0  # seconds for all of it
URLENCODED = "application/x-www-form-urlencoded"


class Form:
    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """Empty where it is not given once."""
        found = self._fields.get(name, [])
        return found[0] if len(found) == 1 else ""

    def all(self, name: str) -> list[str]:
        return self._fields.get(name, [])


async def read(request: Request) -> Form | None:
    """None for what is none, is too long, or takes too long."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != URLENCODED:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            text = (await _body(request)).decode("ascii")
        return Form(parse_qs(text, strict_parsing=bool(text), max_num_fields=FIELDS))
    except (ValueError, TimeoutError):
        return None


async def _body(request: Request) -> bytes:
    """Raises ValueError for one that is too long."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise ValueError("too long")
    return bytes(body)
