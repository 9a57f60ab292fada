"""One query, read: what it asks for, whose question it is, and what makes the answers."""

import time
from collections import Counter
from dataclasses import replace
from functools import cached_property, lru_cache

from shared.dimse.service import Request
from worklist.answer import Answers, Form, everything
from worklist.elements import SYNTAXES, Syntax
from worklist.identifier import parse
from worklist.query import searches
from worklist.rows import Level
from worklist.scope import Scope
from worklist.search import Search
from worklist.selection import Selection
from worklist.site import Place, Site
from worklist.sources import hex_of
from worklist.workitem import Workitem

STEP_ID = int(hex_of("ScheduledProcedureStepID"), 16)


MOST_KEPT = 256  # queries
LONGEST_KEPT = 4096  # bytes of identifier; real ones have about 1,000


class Questions:
    """Queries as they were read before: modalities ask the same again and again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept = lru_cache(maxsize=MOST_KEPT)(self._read)

    def read(self, request: Request, data: bytes) -> "Query":
        """Raises Unreadable or UnreadableKey."""
        peer = request.peer
        read = self._kept if len(data) <= LONGEST_KEPT else self._read
        # A query knows its day; which one it is depends on its zone, but no day lasts 15 minutes.
        quarter = int(time.time() // 900)
        # By the place and not by what decides it: addresses are many.
        place = self._site.place(peer).destination.name
        return read(data, request.transfer_syntax, peer.calling_ae, place, quarter)

    def _read(
        self, data: bytes, transfer_syntax: str, calling_ae: str, place: str, _quarter: int
    ) -> "Query":
        site = self._site
        return Query(site, site.places[place], calling_ae, SYNTAXES[transfer_syntax], data)


class Query:
    """Shared by all who ask the same; it has no state of its own between calls."""

    def __init__(
        self, site: Site, place: Place, calling_ae: str, syntax: Syntax, data: bytes
    ) -> None:
        """Raises Unreadable or UnreadableKey."""
        modality = site.modality(calling_ae)
        identifier = parse(data, syntax, modality.assume_charset)
        if not identifier.keys:
            identifier = replace(identifier, keys=everything())
        self.place = place
        self.oddities = identifier.oddities
        self._identifier = identifier
        self._asking = asking = site.asking(identifier, calling_ae, place)
        self._dialect = dialect = place.dialect
        self._every_request = site.worklist.requests == "expand"
        self._scope = Scope(place.asked, dialect, asking)
        self.selection = Selection(
            identifier, dialect, asking, site.matching, unassigned=place.asked.unassigned
        )
        named = (identifier.terms or ("ISO_IR 100",)) if modality.name_charset else ()
        form = Form(syntax, site.charsets(identifier, modality), named)
        self.answers = Answers(identifier, dialect, asking, form)

    @cached_property
    def searches(self) -> list[Search]:
        return searches(self._identifier, self.selection.window, self._asking, self.place.asked)

    def matching(self, workitem: Workitem, counts: Counter[str]) -> list[Workitem]:
        """The workitem, or its requests, that are to be answered; what is left out is counted."""
        candidates = workitem.every_request if self._every_request else (workitem,)
        found = []
        for each in candidates:
            if not self.selection.holds(each):
                continue
            if reason := self._scope.reason_against(each):
                counts[reason] += 1
            else:
                found.append(each)
        return found

    def in_order(self, workitems: list[Workitem]) -> list[Workitem]:
        """By start, then step ID; each once, however often the server sent it."""
        once = {(each.mark, each.number): each for each in workitems}
        step_id = self._dialect.row(Level.STEP, STEP_ID).value
        return sorted(
            once.values(),
            key=lambda each: (
                self._dialect.start(each, self._asking)[0],
                step_id(each, self._asking),
            ),
        )
