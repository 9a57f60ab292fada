"""Uploaders that share a spool and Redis, and have different destinations: each serves its own."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.broker import connect
from shared.index import Index
from shared.jobs import Ticks
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service, of_uploader
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until

EACH = 40


@pytest.mark.timeout(150)
def test_each_delivers_its_own_whoever_leads_and_whoever_takes_a_tick(
    redis: RedisServer, tmp_path: Path
) -> None:
    names = ["one", "other"]
    spool = open_spool(tmp_path / "spool", sync=False)
    client = connect(redis.settings)
    index, ticks = Index(client), Ticks(client)
    with ExitStack() as running:
        servers = [running.enter_context(OriginServer()) for _ in names]
        for name, server in zip(names, servers, strict=True):
            (folder := tmp_path / name).mkdir()
            (folder / "proxy.toml").write_text(
                f'[[destinations]]\nname = "{name}"\nupload_uri = "{server.uri}"\n'
            )
            config = folder / "proxy.toml"
            environment = of_uploader(redis.settings.url, spool.root, CONFIG=config)
            running.enter_context(Service("uploader", folder, environment))
        for number in range(EACH):
            data = make(tmp_path, number).path.read_bytes()
            kept = keep(spool, data, names)
            if number % 2:  # the others are left to a scan
                ticks.enqueue_all(index.add(kept).wanted)
        index.want_scan()

        for name, server in zip(names, servers, strict=True):
            wait_until(lambda: len(server.held) == EACH, 60, f"all to be at {name}")  # noqa: B023
