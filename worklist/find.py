"""Modality Worklist Information Model - FIND, provider side (PS3.4 Annex K)."""

from collections import Counter
from collections.abc import Iterator

from shared import metrics
from shared.config import Settings
from shared.dimse.service import Operation, Request, Service
from shared.metric import Sample
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
    at_once = False  # who asks upstream has deadlines

    def __init__(self, settings: Settings, before: "WorklistService | None" = None) -> None:
        """`before`: whose connections and last good answers go on where nothing has changed.

        Raises ConfigurationError.
        """
        self._newest = self
        self._retired: list[Upstream] = []
        self.site = Site(settings)
        self.questions = Questions(self.site)
        self.counts: Counter[str] = Counter()  # of queries, answers and what was left out
        self.upstreams = {
            name: (before and before.same(self.site, place))
            or Upstream(place.destination, settings.worklist, place.preset)
            for name, place in self.site.places.items()
        }

    def takes(self, abstract_syntax: str) -> bool:
        return abstract_syntax == MODALITY_WORKLIST_FIND and bool(self._newest.site.places)

    def begin(self, request: Request) -> Operation:
        return Find(self._newest, request)

    def upstream(self, place: Place) -> Upstream:
        return self.upstreams[place.destination.name]

    def same(self, site: Site, place: Place) -> Upstream | None:
        """The upstream of this place, if it would be the same again."""
        mine = self.site.places.get(place.destination.name)
        unchanged = mine == place and self.site.worklist == site.worklist
        return self.upstream(place) if unchanged else None

    def renew(self, settings: Settings) -> None:
        """Queries that come are answered by these settings, those under way by the old ones.

        Raises ConfigurationError, and then nothing has changed.
        """
        old = self._newest
        newest = WorklistService(settings, old)
        newest.counts = self.counts
        kept = set(newest.upstreams.values())
        self._retired += [each for each in old.upstreams.values() if each not in kept]
        self._newest = newest

    def __call__(self) -> Iterator[Sample]:
        """A source of metrics."""
        for name, each in self._newest.upstreams.items():
            if (left := each.token_seconds) is not None:
                yield Sample(metrics.TOKEN, left, (name, "worklist"))

    async def close(self) -> None:
        for each in (*self._newest.upstreams.values(), *self._retired):
            await each.close()
