"""From the AE titles of an association to the destinations of its instances."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.sections import Route


@dataclass(frozen=True, slots=True)
class Way:
    """Where instances go."""

    destinations: tuple[str, ...]
    urgent: bool = False
    route: int | None = None  # which of the configured ones decided; None: the default


class Router:
    """The first route that matches decides. A route that names no upload destination leaves it at
    the default, the first destination that has an upload URI.
    """

    def __init__(self, routes: Sequence[Route], upload_destinations: Sequence[str]) -> None:
        self._routes = [(_pattern(each.called_ae), _pattern(each.calling_ae)) for each in routes]
        default = tuple(upload_destinations[:1])
        self._ways = [
            Way(tuple(dict.fromkeys(each.upload_to)) or default, each.urgent, number)
            for number, each in enumerate(routes)
        ]
        self._default = Way(default)
        self.way = lru_cache(maxsize=1024)(self._find)

    @property
    def leads_anywhere(self) -> bool:
        """Whether there is a destination for any instance at all."""
        return bool(self._default.destinations)

    def _find(self, called_ae: str, calling_ae: str) -> Way:
        for (called, calling), way in zip(self._routes, self._ways, strict=True):
            if called.fullmatch(called_ae) and calling.fullmatch(calling_ae):
                return way
        return self._default


def _pattern(ae_title: str) -> re.Pattern[str]:
    """* and ? are wild; brackets, which an AE title may hold, are not."""
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(each, re.escape(each)) for each in ae_title), re.DOTALL)
