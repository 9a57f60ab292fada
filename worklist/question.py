"""One query, read: what it asks for, whose question it is, and what makes the answers."""

from collections import Counter
from dataclasses import replace

from shared.dimse.service import Request
from worklist.answer import Answers, Form, everything
from worklist.elements import SYNTAXES
from worklist.identifier import parse
from worklist.query import searches
from worklist.rows import Level
from worklist.scope import Scope
from worklist.search import Search
from worklist.selection import Selection
from worklist.site import Site
from worklist.sources import hex_of
from worklist.workitem import Workitem

STEP_ID = int(hex_of("ScheduledProcedureStepID"), 16)


class Query:
    def __init__(self, site: Site, request: Request, data: bytes) -> None:
        """Raises Unreadable or UnreadableKey."""
        syntax = SYNTAXES[request.transfer_syntax]
        modality = site.modality(request.peer)
        identifier = parse(data, syntax, modality.assume_charset)
        if not identifier.keys:
            identifier = replace(identifier, keys=everything())
        self.place = place = site.place(request.peer)
        self.oddities = identifier.oddities
        self._identifier = identifier
        self._asking = asking = site.asking(identifier, request.peer, place)
        self._dialect = dialect = place.dialect
        self._every_request = site.worklist.requests == "expand"
        self._scope = Scope(place.asked, dialect, asking)
        self.selection = Selection(
            identifier, dialect, asking, site.matching, unassigned=place.asked.unassigned
        )
        named = (identifier.terms or ("ISO_IR 100",)) if modality.name_charset else ()
        form = Form(syntax, site.charsets(identifier, modality), named)
        self.answers = Answers(identifier, dialect, asking, form)

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
        once = {(each.seed, each.number): each for each in workitems}
        step_id = self._dialect.row(Level.STEP, STEP_ID).value
        return sorted(
            once.values(),
            key=lambda each: (
                self._dialect.start(each, self._asking)[0],
                step_id(each, self._asking),
            ),
        )
