"""A worklist server on loopback: the sandbox's, playing any server, or one with a script."""

import json
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from standalone.sandbox.ups import routes
from standalone.sandbox.ups_store import UpsStore
from standalone.web_server import base_uri, listening_on
from tests.support.waiting import wait_until

DataSet = dict[str, Any]
Script = Callable[[Request], Response]

JSON = "application/dicom+json"


def answer(items: Iterable[Any], **headers: str) -> Response:
    body = json.dumps(list(items))
    return Response(body, headers=headers, media_type=JSON)


class UpsServer:
    """`queries` are those of the searches, as they came."""

    def __init__(
        self,
        items: Iterable[DataSet] = (),
        profile: str = "by-the-book",
        script: Script | None = None,
    ) -> None:
        self.store = UpsStore(capacity=1_000_000)
        self.script = script
        self.queries: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.fill(items)
        app = self._noting(Starlette(routes=[*self._scripted(), *routes(self.store, profile)]))
        self._closing = ExitStack()
        sockets = self._closing.enter_context(listening_on("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [*sockets]}, daemon=True
        )
        self.base = base_uri(sockets)

    def fill(self, items: Iterable[DataSet]) -> None:
        """Hold these workitems and no others; they need not be valid."""
        self.store._items = {str(number): item for number, item in enumerate(items)}

    @property
    def workitems_uri(self) -> str:
        return f"{self.base}/workitems"

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started, description="the worklist server listens")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _value: BaseException | None,
        _t: TracebackType | None,
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self._closing.close()

    def _scripted(self) -> list[BaseRoute]:
        def scripted(request: Request) -> Response:
            assert self.script
            return self.script(request)

        return [Route("/workitems", scripted)] if self.script else []

    def _noting(self, app: ASGIApp) -> ASGIApp:
        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["method"] == "GET":
                self.queries.append(scope["query_string"].decode("ascii"))
                self.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
            await app(scope, receive, send)

        return noting
