"""The credentials endpoint of a container or pod with a role, as AWS' agents offer it there."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from tests.support.origin_server import Exchange, OriginServer
from tests.support.sigv4 import Account


@dataclass
class ContainerRole:
    """Each asking brings other keys, which live for `lifetime` seconds."""

    lifetime: float = 3600.0
    broken: bool = False
    accounts: dict[str, Account] = field(default_factory=dict)
    token: str = "of the pod"
    asked: int = 0

    def __enter__(self) -> Self:
        self._server = OriginServer(gate=self._answer).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://localhost:{self._server.port}/role",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token,
        }

    def revoke(self) -> None:
        self.accounts.clear()

    def _answer(self, exchange: Exchange) -> bool:
        if self.broken or exchange.headers.get("Authorization") != self.token:
            exchange.respond(503 if self.broken else 401)
            return True
        self.asked += 1
        key = f"ASIA{self.asked:012d}"
        ends = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        account = Account(secrets.token_hex(20), secrets.token_urlsafe(200), ends)
        self.accounts[key] = account
        content = {
            "AccessKeyId": key,
            "SecretAccessKey": account.secret,
            "Token": account.token,
            "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        exchange.respond(200, json.dumps(content).encode(), "application/json")
        return True
