"""The worklist of the sandbox: workitems created, found, retrieved, updated, claimed (UPS-RS)."""

import json
import uuid
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from standalone.sandbox.ups_profiles import PLAYED, Played
from standalone.sandbox.ups_search import search
from standalone.sandbox.ups_store import (
    SCHEDULED,
    STATE,
    TRANSACTION_UID,
    Exists,
    Forbidden,
    Full,
    UpsStore,
    Workitem,
    value_of,
)

PATHS = {"ups": ["/workitems"], "google": ["/workitems"],
         "mwl": ["/modality-scheduled-procedure-steps", "/mwlitems"]}  # fmt: skip
MOST_BYTES = 1 << 20  # of a workitem
JSON = "application/dicom+json"
FAILURES = {KeyError: 404, Exists: 409, Full: 507, ValueError: 400}


def routes(store: UpsStore, profile: str = "by-the-book") -> list[BaseRoute]:
    """Routes of the service; `profile` names the server whose manner of searching is played."""
    ups = _Ups(store, PLAYED[profile])
    return [
        *(Route(path, ups.search) for path in PATHS[ups.played.items]),
        Route("/workitems", ups.create, methods=["POST"]),
        Route("/workitems/{uid}", ups.retrieve),
        Route("/workitems/{uid}", ups.update, methods=["POST"]),
        Route("/workitems/{uid}/state", ups.change_state, methods=["PUT"]),
        Route("/workitems/{uid}/cancelrequest", ups.request_cancel, methods=["POST"]),
    ]


class _Ups:
    def __init__(self, store: UpsStore, played: Played) -> None:
        self.store, self.played = store, played

    async def search(self, request: Request) -> Response:
        items = await run_in_threadpool(self.store.all)
        return await run_in_threadpool(search, request, items, self.played)

    async def create(self, request: Request) -> Response:
        """PS3.18 11.4. The UID is the query (?1.2.3, or ?workitem=1.2.3), or ours."""
        try:
            workitem = await _body(request)
            if value_of(workitem, STATE) != SCHEDULED:
                return _refused(400, "a new workitem must be SCHEDULED")
            given = request.query_params.get("workitem") or request.url.query
            uid = given or value_of(workitem, "00080018") or f"2.25.{uuid.uuid4().int}"
            await run_in_threadpool(self.store.create, uid, workitem)
        except tuple(FAILURES) as failure:
            return _failed(failure)
        return Response(status_code=201, headers={"Content-Location": f"/workitems/{uid}"})

    async def retrieve(self, request: Request) -> Response:
        """PS3.18 11.5. The transaction UID is the key to a workitem and never shown."""
        workitem = self.store.get(request.path_params["uid"])
        if workitem is None:
            return _refused(404, "there is no such workitem")
        shown = {tag: each for tag, each in workitem.items() if tag != TRANSACTION_UID}
        return Response(json.dumps([shown], ensure_ascii=False), media_type=JSON)

    async def update(self, request: Request) -> Response:
        """PS3.18 11.6."""
        transaction = request.query_params.get("transaction-uid") or request.url.query
        try:
            changes = await _body(request)
            uid = request.path_params["uid"]
            await run_in_threadpool(self.store.update, uid, changes, transaction)
        except Forbidden as why:
            return _refused(409, str(why))
        except tuple(FAILURES) as failure:
            return _failed(failure)
        return Response(status_code=200)

    async def change_state(self, request: Request) -> Response:
        """PS3.18 11.7."""
        try:
            change = await _body(request)
            changed = await run_in_threadpool(
                self.store.change_state,
                request.path_params["uid"],
                value_of(change, STATE),
                value_of(change, TRANSACTION_UID),
            )
        except Forbidden as why:
            return _refused(409, str(why))
        except tuple(FAILURES) as failure:
            return _failed(failure)
        already = {"Warning": '299 sandbox: "The UPS is already in the requested state."'}
        return Response(status_code=200, headers={} if changed else already)

    async def request_cancel(self, request: Request) -> Response:
        """PS3.18 11.8: accepted; whoever performs the workitem decides."""
        if self.store.get(request.path_params["uid"]) is None:
            return _refused(404, "there is no such workitem")
        return Response(status_code=202)


async def _body(request: Request) -> Workitem:
    """One data set, alone or in an array. ValueError for anything else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ValueError("the workitem is too long")
    try:
        content: Any = json.loads(body)
    except ValueError:
        raise ValueError("the body is no JSON") from None
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    if not isinstance(content, dict) or not all(
        isinstance(each, dict) for each in content.values()
    ):
        raise ValueError("the body is no DICOM JSON data set")
    return dict(content)


def _failed(failure: Exception) -> Response:
    status = next(code for kind, code in FAILURES.items() if isinstance(failure, kind))
    texts = {404: "there is no such workitem", 409: "there is a workitem with this UID",
             507: "the sandbox takes no more workitems"}  # fmt: skip
    return _refused(status, texts.get(status, str(failure)))


def _refused(status: int, text: str) -> Response:
    return Response(
        f"{text}\n", status, media_type="text/plain", headers={"Warning": f"299 sandbox: {text}"}
    )
