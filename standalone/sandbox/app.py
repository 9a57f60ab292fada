"""The sandbox as an ASGI application."""

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from standalone.sandbox import page, retrieve, search
from standalone.sandbox.archive import Archive
from standalone.sandbox.store import on_store

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"


def application(archive: Archive, worklist: list[BaseRoute] | None = None) -> Starlette:
    routes: list[BaseRoute] = [
        Route("/", page.front_page),
        Route("/livez", page.livez),
        Route("/readyz", page.readyz),
        Route("/studies", on_store, methods=["POST"]),
        Route(STUDY, on_store, methods=["POST"]),
        Route("/studies", search.studies),
        Route("/series", search.series),
        Route("/instances", search.instances),
        Route(STUDY + "/series", search.series),
        Route(STUDY + "/instances", search.instances),
        Route(SERIES + "/instances", search.instances),
        *(Route(path, retrieve.on_retrieve) for path in (STUDY, SERIES, INSTANCE)),
        *(Route(path + "/metadata", retrieve.on_metadata) for path in (STUDY, SERIES, INSTANCE)),
        *(worklist or []),
    ]
    app = Starlette(routes=routes)
    app.state.archive = archive
    return app
