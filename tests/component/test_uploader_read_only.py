"""A disk that became read-only is no reason to keep its instances from the archive."""

from pathlib import Path

from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.small_disk import mounted_disk
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until


def test_an_uploader_that_starts_then_sends_all_the_same(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    root = tmp_path / "spool"
    root.mkdir()
    made = [make(tmp_path, number) for number in range(10)]
    settings = {
        "UPLOAD__URI": origin_server.uri,
        "UPLOAD__WORKERS": 1,
        "REDIS__URL": redis.settings.url,
        "SPOOL__PATH": root,
        "HEALTH__PORT": 0,
    }
    with mounted_disk(root) as disk:
        received = open_spool(root)
        for each in made:
            keep(received, each.path.read_bytes(), ["default"])
        received.close()
        with disk.read_only(), Service("uploader", tmp_path, settings) as service:
            wait_until(lambda: len(origin_server.held) == len(made), 30, "all has arrived")

            assert len(service.events("spool.read_only")) == 1
