"""A receiver and an uploader as processes, while the Redis that Sentinels named fails over: with
TLS and without, a modality that keeps sending notices nothing, and all acknowledged arrives.
"""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from shared.broker import connect
from shared.sections import RedisSettings
from tests.support.authority import Authority
from tests.support.modality import Modality
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_peers import HOST, RedisPeers, redis_peers
from tests.support.spools import open_spool
from tests.support.waiting import wait_until

PATIENCE = 40.0  # seconds
MORE = 40  # instances


class Pair:
    """A Redis with its replica and a Sentinel."""

    def __init__(self, peers: RedisPeers, authority: Authority | None) -> None:
        self._peers = peers
        self._scheme = "rediss" if authority else "redis"
        self.ca_file = authority.certificate if authority else None
        self.first = peers.start()
        self.replica = peers.start(replica_of=self.first)
        wait_until(lambda: self._info(self.replica).get("master_link_status") == "up", PATIENCE)
        self.sentinel = peers.watch(self.first)
        # It looks for replicas every ten seconds, and at once at its start.
        wait_until(self._sentinel_knows, PATIENCE, "the Sentinel knows the replica")

    def settings(self) -> dict[str, object]:
        trusted = {"REDIS__CA_FILE": self.ca_file} if self.ca_file else {}
        return {
            "REDIS__URL": f"{self._scheme}://unused/0",
            "REDIS__SENTINELS": json.dumps([f"{HOST}:{self.sentinel}"]),
            "REDIS__SENTINEL_SERVICE": self._peers.service,
            **trusted,
        }

    def fail_over(self) -> None:
        self._peers.kill(self.first)
        wait_until(lambda: self._info(self.replica).get("role") == "master", PATIENCE, "a failover")

    def _info(self, port: int) -> dict[str, Any]:
        reach = RedisSettings(url=f"{self._scheme}://{HOST}:{port}/0", ca_file=self.ca_file)
        with contextlib.suppress(RedisError), connect(reach) as client:
            return dict(client.info("replication"))
        return {}

    def _sentinel_knows(self) -> bool:
        reach = RedisSettings(
            url=f"{self._scheme}://{HOST}:{self.sentinel}/0", ca_file=self.ca_file
        )
        with contextlib.suppress(RedisError), connect(reach) as client:
            told: Any = client.execute_command("SENTINEL", "replicas", self._peers.service)
            return bool(told)
        return False


@pytest.mark.timeout(180)
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_failover_under_load_loses_nothing_and_no_modality_notices(
    tmp_path: Path, origin_server: OriginServer, *, tls: bool
) -> None:
    authority = Authority(tmp_path) if tls else None
    port = free_port()
    spool = tmp_path / "spool"
    with redis_peers(tmp_path, authority) as peers:
        pair = Pair(peers, authority)
        of_both = {
            **pair.settings(),
            "UPLOAD__URI": origin_server.uri,
            "SPOOL__PATH": spool,
            "SPOOL__SYNC": "false",
        }
        of_uploader = {"UPLOAD__WORKERS": 1, "UPLOAD__RESCAN": 2, "UPLOAD__LEASE": 5}
        ports = {"RECEIVE__PORT": port, "HEALTH__PORT": free_port()}
        with (
            Service("receiver", tmp_path, {**of_both, **ports}) as receiver,
            Service(
                "uploader", tmp_path, {**of_both, **of_uploader, "HEALTH__PORT": free_port()}
            ) as uploader,
        ):
            receiver.wait_ready()
            uploader.wait_ready()
            with Modality(tmp_path, port, study=1) as modality:
                wait_until(lambda: len(origin_server.held) > MORE, PATIENCE, "some arrive")
                pair.fail_over()
                known = len(modality.acknowledged)
                wait_until(
                    lambda: len(modality.acknowledged) > known + MORE, PATIENCE, "it goes on"
                )

            assert (modality.refused, modality.broken) == (0, 0)
            wait_until(
                lambda: modality.acknowledged <= origin_server.held.keys(),
                PATIENCE,
                "all acknowledged arrive",
            )
            wait_until(lambda: uploader.ready()[0] == 200, PATIENCE, "it is ready again")
            kept = open_spool(spool, sync=False)
            wait_until(lambda: not list(kept.scan("default")), PATIENCE, "the spool is empty")
            kept.close()
