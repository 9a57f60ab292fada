"""Recomputes AWS signatures as a server does, from the published algorithm; no code of botocore's.

"Create a signed AWS API request" in AWS' guide to identities: canonical request, string to sign,
signing key, signature.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote

from tests.support.origin_server import Exchange

STAMP = "%Y%m%dT%H%M%SZ"
TOLERATED = timedelta(minutes=5)
NEVER = datetime.max.replace(tzinfo=UTC)
STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), "
    r"SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
MUST = {"host", "x-amz-date", "x-amz-content-sha256"}


@dataclass(frozen=True)
class Account:
    secret: str
    token: str = ""
    ends: datetime = NEVER


def signature(
    method: str,
    target: str,
    headers: Mapping[str, str],
    names: str,
    payload: str,
    scope: str,
    secret: str,
) -> str:
    """`target`: path and query as on the wire; `scope`: date/region/service/aws4_request."""
    path, _, query = target.partition("?")
    canonical = "\n".join(
        [
            method,
            quote(path, safe="/-_.~"),  # a second time: all services but S3
            "&".join(
                sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)
            ),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names.split(";")),
            "",
            names,
            payload,
        ]
    )
    date, region, service, ending = scope.split("/")
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            headers["x-amz-date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, ending):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


@dataclass
class Verifier:
    """A gate of OriginServer: who is not signed for as AWS says gets 403 and AWS' code."""

    accounts: dict[str, Account]
    region: str = "us-east-1"
    service: str = "medical-imaging"
    ahead: timedelta = timedelta()  # the server's clock
    refusals: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # access keys of those let in
    payloads: list[str] = field(default_factory=list)

    def __call__(self, exchange: Exchange) -> bool:
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        now = datetime.now(UTC) + self.ahead
        found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        body = exchange.read_body()
        code = self._refusal(exchange, headers, found, now) if found else "MissingAuthentication"
        if not code and found:
            code = self._of_payload(headers, body)
            self.seen.append(found["key"])
        if code:
            self.refusals.append(code)
            date = format_datetime(now, usegmt=True)
            exchange.send_response_only(403)
            for name, value in {
                "Date": date,
                "x-amzn-ErrorType": code,
                "Content-Length": "0",
            }.items():
                exchange.send_header(name, value)
            exchange.end_headers()
        return bool(code)

    def _refusal(
        self, exchange: Exchange, headers: dict[str, str], found: re.Match[str], now: datetime
    ) -> str:
        account = self.accounts.get(found["key"])
        if account is None:
            return "UnrecognizedClientException"
        if now >= account.ends or headers.get("x-amz-security-token", "") != account.token:
            return "ExpiredTokenException"
        signed_at = datetime.strptime(headers["x-amz-date"], STAMP).replace(tzinfo=UTC)
        if abs(signed_at - now) > TOLERATED:
            return "RequestTimeTooSkewed"
        scope = f"{headers['x-amz-date'][:8]}/{self.region}/{self.service}/aws4_request"
        names = found["names"]
        must = MUST | ({"x-amz-security-token"} if account.token else set())
        if found["scope"] != scope or not must <= set(names.split(";")):
            return "SignatureDoesNotMatch"
        payload = headers["x-amz-content-sha256"]
        expected = signature(
            exchange.command, exchange.path, headers, names, payload, scope, account.secret
        )
        same = hmac.compare_digest(expected, found["signature"])
        return "" if same else "SignatureDoesNotMatch"

    def _of_payload(self, headers: dict[str, str], body: bytes) -> str:
        payload = headers["x-amz-content-sha256"]
        self.payloads.append(payload)
        if payload == STREAMING:
            whole = headers.get("x-amz-decoded-content-length") == str(len(body))
            return "" if whole else "IncompleteBody"
        same = payload == hashlib.sha256(body).hexdigest()
        return "" if same else "XAmzContentSHA256Mismatch"
