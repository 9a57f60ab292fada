"""A receiver in this process: the real acceptor, the Storage service and a spool."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from receiver.routing import Router
from receiver.store import StorageService
from shared.entry import Entry
from shared.route_sections import Route, Routing
from shared.routing import Routes
from shared.spool import Spool
from tests.support.acceptor import accepting

UNCHANGED = Routing()


class Announced(list[Entry]):
    """What the service announced, instead of an index."""

    def __call__(self, entries: Sequence[Entry]) -> None:
        self.extend(entries)


@contextmanager
def receiving(
    spool: Spool,
    announced: Announced | None = None,
    *,
    routes: Sequence[Route] = (),
    routing: Routing = UNCHANGED,
    destinations: Sequence[str] = ("cloud",),
    validation: Literal["strict", "lenient"] = "lenient",
    sync: bool = True,
    **settings: Any,
) -> Iterator[int]:
    """Gives the port. Further settings are those of `accepting`."""
    service = StorageService(
        spool,
        Router(Routes(routes, routing, destinations), leads_anywhere=bool(destinations)),
        Announced() if announced is None else announced,
        validation=validation,
        sync=sync,
    )
    try:
        with accepting(service, **settings) as running:
            yield running.port
    finally:
        service.close()
