"""AWS Signature Version 4: each request is signed, its body too, with keys that botocore finds.

As published in AWS' guide to signing API requests; what HealthImaging takes is in decision 0013.
"""

import hashlib
import re
from collections.abc import AsyncGenerator, Generator, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from shared.destination import Destination
from shared.dicomweb.auth import BODY_EXTENSION
from shared.dicomweb.aws_credentials import Chain, Keys
from shared.dicomweb.own_thread import OwnThread
from shared.errors import ConfigurationError

STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
REFUSED = frozenset({401, 403})
# Of our clock against the server's: signatures are good for five minutes, either way.
SKEW = timedelta(minutes=2)
HOST = re.compile(r"\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$")
# What a proxy on the way may add or change is not signed. The host always is.
SIGNED = ("content-type",)


class Signature(httpx.Auth):
    """Signs a request; once more when it is refused and other keys or another time may help."""

    def __init__(self, chain: Chain, region: str, service: str, *, streaming: bool) -> None:
        self._chain = chain
        self._region = region
        self._service = service
        self._streaming = streaming
        self.thread = OwnThread()
        self._ahead = timedelta()  # the server's clock against ours

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        payload = self._payload(request)
        keys = self._sign(request, payload)
        response = yield request
        if self._may_help(response, keys):
            self._sign(request, payload)
            yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        payload = await self.thread.run(self._payload, request)
        keys = await self.thread.run(self._sign, request, payload)
        response = yield request
        if await self.thread.run(self._may_help, response, keys):
            await self.thread.run(self._sign, request, payload)
            yield request

    def _payload(self, request: httpx.Request) -> dict[str, str]:
        """The headers that say what the body is. It is read an extra time: from memory, mostly."""
        length = request.headers.get("content-length", "0")
        if self._streaming and length != "0":
            return {"x-amz-content-sha256": STREAMING, "x-amz-decoded-content-length": length}
        body = request.extensions.get(BODY_EXTENSION) or request.stream
        digest = hashlib.sha256()
        for chunk in cast("Iterable[bytes]", body):
            digest.update(chunk)
        return {"x-amz-content-sha256": digest.hexdigest()}

    def _sign(self, request: httpx.Request, payload: dict[str, str]) -> Keys:
        keys = self._chain.keys()
        now = (datetime.now(UTC) + self._ahead).strftime("%Y%m%dT%H%M%SZ")
        headers = {name: request.headers[name] for name in SIGNED if name in request.headers}
        headers |= {"host": request.headers["host"], "x-amz-date": now, **payload}
        if keys.token:
            headers["x-amz-security-token"] = keys.token
        signed = AWSRequest(request.method, str(request.url), headers=headers)
        signed.context["timestamp"] = now
        by = SigV4Auth(keys, self._service, self._region)
        names = by.signed_headers(by.headers_to_sign(signed))
        text = by.string_to_sign(signed, by.canonical_request(signed))
        request.headers.pop("x-amz-security-token", None)  # of keys of before
        request.headers.update(headers)
        request.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={by.scope(signed)}, SignedHeaders={names}, "
            f"Signature={by.signature(text, signed)}"
        )
        return keys

    def _may_help(self, response: httpx.Response, keys: Keys) -> bool:
        """Whether the same request, signed again, could be taken. Raises DestinationFault."""
        if response.status_code not in REFUSED:
            return False
        return self._set_clock(response) or self._chain.keys(refused=keys) != keys

    def _set_clock(self, response: httpx.Response) -> bool:
        try:
            theirs = parsedate_to_datetime(response.headers.get("date", ""))
        except (ValueError, OverflowError):
            return False
        if theirs.tzinfo is None:  # RFC 5322: -0000, which HTTP has not
            return False
        ahead = theirs - datetime.now(UTC)
        if abs(ahead - self._ahead) < SKEW:
            return False
        self._ahead = ahead
        return True


def open_aws(destination: Destination) -> Signature:
    """Raises ConfigurationError; asks nobody yet."""
    auth = destination.auth
    chain = Chain(destination)
    region = auth.region or _region(destination) or chain.region
    if not region:
        raise ConfigurationError(
            f"destinations.{destination.name}.auth.region: the host's name shows none; set it"
        )
    return Signature(chain, region, auth.service, streaming=auth.payload == "streaming")


def _region(destination: Destination) -> str:
    host = urlsplit(destination.upload_uri or destination.worklist_uri or "").hostname or ""
    found = HOST.search(host)
    return found["region"] if found else ""
