"""What is decided on the page about instances in quarantine: just as by the command."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shared.config import Settings
from shared.errors import ProxyError
from shared.spool import Quarantined, Spool
from standalone import disposal
from standalone.page import answers, document, named
from standalone.page.current import Current
from standalone.page.forms import Form
from standalone.page.login import ELSEWHERE
from standalone.page.visitor import Door, Visitor
from standalone.page.watched import Watched

Act = Callable[[Settings, Sequence[Quarantined], str, str], list[Quarantined]]
DIGITS = 9  # of a number that an address may bring
DONE = {"requeued": "{} requeued: to be sent again.", "dropped": "{} deleted for good."}


def done(request: Request) -> str:
    """What the visitor has just done, as `see` was told."""
    for what, text in DONE.items():
        number = request.query_params.get(what, "")
        if number.isascii() and number.isdigit() and len(number) <= DIGITS:
            return text.format(f"{int(number):,}")
    return ""


class Decisions:
    def __init__(self, current: Current, door: Door, watched: Watched) -> None:
        self._current, self._door, self._watched = current, door, watched

    async def decide(self, request: Request) -> Response:
        visitor = self._door.visitor(request)
        form = await self._door.sent(request, visitor)
        if form is None:
            return answers.html(document.fault("Refused", ELSEWHERE), 403)
        return await run_in_threadpool(self._decide, form, visitor)

    def _decide(self, form: Form, visitor: Visitor) -> Response:
        action = form.one("action")
        items = self._chosen(form, every=action == "requeue-all")
        try:
            if action in {"requeue", "requeue-all"} and items:
                return self._did("requeued", disposal.requeue, items, visitor)
            if action == "drop" and items:
                if form.one("confirmed") != "yes":
                    return answers.html(document.question(items, visitor))
                return self._did("dropped", disposal.drop, items, visitor)
        except ProxyError as error:
            return answers.html(document.fault("Not done", str(error)), 500)
        why = "None of these is in quarantine: choose by the boxes first."
        return answers.html(document.fault("Nothing was done", why), 409)

    def _did(self, what: str, act: Act, items: Sequence[Quarantined], visitor: Visitor) -> Response:
        number = len(act(self._current(), items, visitor.user, visitor.address))
        self._watched.forget()
        return answers.see(f"/?{urlencode({what: number})}")

    def _chosen(self, form: Form, *, every: bool) -> list[Quarantined]:
        """Of what is in quarantine now: a name from a form leads nowhere else."""
        found = Spool(self._current().spool).quarantined()
        if every:
            return disposal.sendable(found)
        wanted, chosen = set(form.all("item")), list[Quarantined]()
        for each in found:
            if named.value(each) in wanted:
                chosen.append(each)
            if len(chosen) == len(wanted):  # no record beyond is read
                break
        return chosen
