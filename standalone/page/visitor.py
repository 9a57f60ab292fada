"""Who asks: by the cookie of a login here, or by the header of a reverse proxy that is trusted."""

import hmac
import secrets
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.page_sections import PageSettings
from standalone.page.forms import Form, read
from standalone.page.passwords import Passwords, is_name
from standalone.page.sessions import Sessions

COOKIE = "dicomweb_proxy_page"
HOST_PREFIX = "__Host-"  # browsers take such a cookie over TLS alone (RFC 6265bis 4.1.3.2)
PORTS = {"http": 80, "https": 443}
NOBODY = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    user: str  # NOBODY without a login
    address: str
    secure: bool  # their browser speaks TLS
    token: str = ""  # what a form must bring back
    cookie: str = ""  # of a session here; none where a reverse proxy vouches

    @property
    def known(self) -> bool:
        return self.user != NOBODY


class Door:
    def __init__(self, settings: PageSettings, passwords: Passwords | None) -> None:
        self._header = settings.user_header
        self._trusted = [ip_network(each) for each in settings.trusted_proxies]
        self._key = secrets.token_bytes(32)
        self.passwords = passwords
        self.sessions = Sessions(settings.session_age, settings.session_idle)

    def visitor(self, request: Request) -> Visitor:
        address, secure = self._address(request), self._secure(request)
        cookie = request.cookies.get(cookie_name(secure=secure), "")
        session = self.sessions.find(cookie) if cookie else None
        if session and self.passwords and self.passwords.line(session.user) == session.line:
            return Visitor(session.user, address, secure, session.token, cookie)
        user = self._vouched(request)
        token = hmac.digest(self._key, user.encode(), "sha256").hex() if user else ""
        return Visitor(user, address, secure, token)

    def is_ours(self, request: Request) -> bool:
        """Whether a form was sent from a page of ours: Origin (RFC 6454 7) must name this host."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return False
        host = self._forwarded(request, "x-forwarded-host") or request.headers.get("host", "")
        try:
            origin = urlsplit(request.headers.get("origin", ""))
            default = PORTS[origin.scheme]
            here = urlsplit(f"//{host}")
            theirs, ours = origin.port or default, here.port or default
        except (KeyError, ValueError):  # "null", or nothing that a browser says
            return False
        return bool(origin.hostname) and (origin.hostname, theirs) == (here.hostname, ours)

    async def sent(self, request: Request, visitor: Visitor) -> Form | None:
        """The form of somebody who logged in, from a page of ours that they were shown; read only
        then. None for any other.
        """
        if not visitor.known or not self.is_ours(request):
            return None
        form = await read(request)
        brought = form.one("token") if form else ""
        return form if hmac.compare_digest(visitor.token.encode(), brought.encode()) else None

    def _vouched(self, request: Request) -> str:
        """The user that a trusted reverse proxy names."""
        if not self._header or not self._from_trusted(request):
            return NOBODY
        named = request.headers.getlist(self._header)
        user = named[0].strip() if len(named) == 1 else ""
        return user if is_name(user) else NOBODY

    def _address(self, request: Request) -> str:
        """The nearest one that no trusted proxy has."""
        nearest = request.client.host if request.client else ""
        if self._from_trusted(request):
            named = ",".join(request.headers.getlist("x-forwarded-for"))
            for each in reversed([part.strip() for part in named.split(",")]):
                if not _is_address(each):
                    break
                nearest = each
                if not self._trusts(each):
                    break
        return nearest

    def _secure(self, request: Request) -> bool:
        return "https" in {request.url.scheme, self._forwarded(request, "x-forwarded-proto")}

    def _forwarded(self, request: Request, header: str) -> str:
        """What the nearest proxy says, if it is trusted."""
        if not self._from_trusted(request):
            return ""
        return request.headers.get(header, "").rpartition(",")[2].strip()

    def _from_trusted(self, request: Request) -> bool:
        return request.client is not None and self._trusts(request.client.host)

    def _trusts(self, address: str) -> bool:
        if not _is_address(address):
            return False
        known: Any = ip_address(address)
        known = getattr(known, "ipv4_mapped", None) or known
        return any(known in each for each in self._trusted)


def cookie_name(*, secure: bool) -> str:
    return (HOST_PREFIX if secure else "") + COOKIE


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
