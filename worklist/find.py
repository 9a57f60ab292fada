"""Modality Worklist Information Model - FIND, provider side (PS3.4 Annex K)."""

from collections import Counter

from shared.config import Settings
from shared.dimse.service import Operation, Request, Service
from worklist.elements import SYNTAXES
from worklist.operation import Find
from worklist.question import Questions
from worklist.site import Place, Site
from worklist.upstream import Upstream

MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
C_FIND_RQ = 0x0020  # PS3.7 9.3.2.1


class WorklistService(Service):
    """Answers from the origin servers that the settings name; belongs to one event loop."""

    commands = frozenset({C_FIND_RQ})
    transfer_syntaxes = frozenset(SYNTAXES)

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError."""
        self.site = Site(settings)
        self.questions = Questions(self.site)
        self.counts: Counter[str] = Counter()  # of queries, answers and what was left out
        self._upstreams = {
            name: Upstream(place.destination, settings.worklist, place.preset)
            for name, place in self.site.places.items()
        }

    def takes(self, abstract_syntax: str) -> bool:
        return abstract_syntax == MODALITY_WORKLIST_FIND and bool(self.site.places)

    def begin(self, request: Request) -> Operation:
        return Find(self, request)

    def upstream(self, place: Place) -> Upstream:
        return self._upstreams[place.destination.name]

    async def close(self) -> None:
        for each in self._upstreams.values():
            await each.close()
