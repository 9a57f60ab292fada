"""Where roles get AWS keys: the agents of containers and machines, and AWS' token service."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self
from urllib.parse import parse_qs

from tests.support.origin_server import Exchange, OriginServer
from tests.support.sigv4 import Account


@dataclass
class _Role:
    """Each asking brings other keys, which live for `lifetime` seconds."""

    lifetime: float = 3600.0
    accounts: dict[str, Account] = field(default_factory=dict)
    asked: int = 0

    def __enter__(self) -> Self:
        self._server = OriginServer(gate=self._answer).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def uri(self) -> str:
        return f"http://localhost:{self._server.port}"

    def revoke(self) -> None:
        self.accounts.clear()

    def _answer(self, exchange: Exchange) -> bool:
        raise NotImplementedError

    def _keys(self) -> tuple[str, Account, str]:
        """Access key, what belongs to it, and when that ends."""
        self.asked += 1
        key = f"ASIA{self.asked:012d}"
        ends = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        self.accounts[key] = Account(secrets.token_hex(20), secrets.token_urlsafe(200), ends)
        return key, self.accounts[key], ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _respond(self, exchange: Exchange) -> None:
        key, account, ends = self._keys()
        content = {
            "Code": "Success",
            "AccessKeyId": key,
            "SecretAccessKey": account.secret,
            "Token": account.token,
            "Expiration": ends,
        }
        exchange.respond(200, json.dumps(content).encode(), "application/json")


@dataclass
class ContainerRole(_Role):
    """The credentials endpoint of ECS and of EKS Pod Identity."""

    broken: bool = False
    token: str = "of the pod"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.uri}/role",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token,
        }

    def _answer(self, exchange: Exchange) -> bool:
        if self.broken or exchange.headers.get("Authorization") != self.token:
            exchange.respond(503 if self.broken else 401)
        else:
            self._respond(exchange)
        return True


@dataclass
class MachineRole(_Role):
    """The instance metadata service of EC2, version 2: a session first."""

    session: str = "a session"

    def _answer(self, exchange: Exchange) -> bool:
        place = "/latest/meta-data/iam/security-credentials/"
        if (exchange.command, exchange.path) == ("PUT", "/latest/api/token"):
            exchange.respond(200, self.session.encode())
        elif exchange.headers.get("x-aws-ec2-metadata-token") != self.session:
            exchange.respond(401)
        elif exchange.path == place:
            exchange.respond(200, b"proxy")
        elif exchange.path == f"{place}proxy":
            self._respond(exchange)
        else:
            exchange.respond(404)
        return True


@dataclass
class TokenService(_Role):
    """AssumeRoleWithWebIdentity of STS."""

    identity: str = ""
    refuses: bool = False

    def _answer(self, exchange: Exchange) -> bool:
        form = parse_qs(exchange.read_body().decode())
        known = form.get("WebIdentityToken") == [self.identity]
        if self.refuses or not known or form["Action"] != ["AssumeRoleWithWebIdentity"]:
            code = "<Code>InvalidIdentityToken</Code><Message>no</Message>"
            body = f"<ErrorResponse><Error><Type>Sender</Type>{code}</Error></ErrorResponse>"
            exchange.respond(400, body.encode(), "text/xml")
            return True
        key, account, ends = self._keys()
        body = (
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{account.secret}</SecretAccessKey>"
            f"<SessionToken>{account.token}</SessionToken><Expiration>{ends}</Expiration>"
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
        exchange.respond(200, body.encode(), "text/xml")
        return True
