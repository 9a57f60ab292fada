"""Logging in and out."""

from math import ceil

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shared import audit, logs
from shared import audit_message as says
from standalone.page import answers, document, forms
from standalone.page.forms import Form
from standalone.page.throttle import Throttle
from standalone.page.visitor import Door, Visitor, cookie_name

WRONG = "This user and password are not known together."
ELSEWHERE = "This form did not come from this page."
LONGEST_NAME = 64

log = logs.get(__name__)


class Login:
    def __init__(self, door: Door) -> None:
        self._door = door
        self._throttle = Throttle()

    async def show(self, request: Request) -> Response:
        if self._door.passwords is None:
            return answers.html(document.fault("Not found", "Nobody logs in here."), 404)
        if self._door.visitor(request).known:
            return answers.see("/")
        return answers.html(document.login())

    async def enter(self, request: Request) -> Response:
        if self._door.passwords is None or not self._door.is_ours(request):
            return answers.html(document.fault("Refused", ELSEWHERE), 403)
        form = await forms.read(request)
        if form is None:
            return answers.html(document.login(wrong=WRONG), 400)
        visitor = self._door.visitor(request)
        if wait := self._throttle.wait(visitor.address):
            log.warning("page.throttled", address=visitor.address)
            text = f"Too many tries. Wait for {ceil(wait / 60)} min."
            more = {"Retry-After": f"{ceil(wait)}"}
            return answers.html(document.login(wrong=text), 429, more)
        return await run_in_threadpool(self._try, form, visitor)

    async def leave(self, request: Request) -> Response:
        visitor = self._door.visitor(request)
        if await self._door.sent(request, visitor) is None:
            return answers.html(document.fault("Refused", ELSEWHERE), 403)
        self._door.sessions.end(visitor.cookie)
        log.info("page.left", user=visitor.user, address=visitor.address)
        audit.authenticated(says.LOGOUT, visitor.user, visitor.address)
        response = answers.see("/")
        response.delete_cookie(
            cookie_name(secure=visitor.secure),
            secure=visitor.secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def _try(self, form: Form, visitor: Visitor) -> Response:
        passwords = self._door.passwords
        user = form.one("user")[:LONGEST_NAME]
        admitted = passwords is not None and passwords.admits(user, form.one("password"))
        line = passwords.line(user) if passwords and admitted else None
        if line is None:  # who tried is not told: people type their password there
            log.warning("page.login_refused", address=visitor.address)
            audit.authenticated(says.LOGIN, "", visitor.address, outcome=says.MINOR)
            return answers.html(document.login(wrong=WRONG), 401)
        self._throttle.succeeded(visitor.address)
        log.info("page.entered", user=user, address=visitor.address)
        audit.authenticated(says.LOGIN, user, visitor.address)
        response = answers.see("/")
        response.set_cookie(
            cookie_name(secure=visitor.secure),
            self._door.sessions.begin(user, line),
            secure=visitor.secure,
            httponly=True,
            samesite="strict",
        )
        return response
