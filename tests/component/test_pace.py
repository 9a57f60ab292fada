"""A thin line: several uploaders together send no faster than they may."""

import threading
import time
from pathlib import Path

from shared.bandwidth import LEAST
from shared.broker import connect
from shared.destination import Destination
from shared.sections import RedisSettings
from tests.support.delivery import Begin
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.redis_server import RedisServer
from tests.support.spools import keep, open_spool
from tests.support.waiting import wait_until
from uploader.origin import Origin
from uploader.pace import ABREAST, LONGEST, PIECES, Pace, abreast

RATE = 200_000  # bytes a second
BYTES = 100_000  # that each sender has


def destination(**more: object) -> Destination:
    settings = {"upload_uri": "https://archive.example/studies", "bandwidth": RATE, **more}
    return Destination.model_validate(settings)


def sent(pace: Pace, content: bytes) -> bytes:
    return b"".join(pace.over([content[:70_000], content[70_000:]]))


def test_senders_share_the_line(redis: RedisServer) -> None:
    content = bytes(range(256)) * (BYTES // 256)
    got: list[bytes] = []

    def send() -> None:
        got.append(sent(Pace(connect(redis.settings), destination()), content))

    senders = [threading.Thread(target=send) for _ in range(3)]
    began = time.monotonic()
    for each in senders:
        each.start()
    for each in senders:
        each.join()

    assert got == [content] * 3
    last_piece = RATE / 8
    assert time.monotonic() - began >= (3 * len(content) - last_piece) / RATE


def test_without_a_limit_a_body_passes_as_it_is(redis: RedisServer) -> None:
    pace = Pace(connect(redis.settings), destination(bandwidth=0))
    chunks = [b"one", b"two" * 500_000]

    assert list(pace.over(chunks)) == chunks
    assert abreast(destination(bandwidth=0)) == 10


def test_nobody_waits_longer_than_a_minute_for_what_an_earlier_limit_left(
    redis: RedisServer,
) -> None:
    slow = Pace(connect(redis.settings), destination(bandwidth=1000))

    waits = [slow._turn(1000, 1000) for _ in range(90)]

    assert waits[0] == 0
    assert 50 < max(waits) <= LONGEST


def test_without_redis_it_goes_on_as_one_of_a_few() -> None:
    away = RedisSettings.model_validate({"url": f"redis://127.0.0.1:{free_port()}/0"})
    pace = Pace(connect(away), destination())

    assert pace._turn(1000, RATE) == ABREAST * 1000 / RATE


def test_while_it_is_limited_requests_are_small_and_few(redis: RedisServer) -> None:
    pace = Pace(connect(redis.settings), destination())

    assert pace.room == 2 * RATE
    assert abreast(destination()) == ABREAST


def test_a_request_of_many_times_the_time_limit_on_the_thinnest_line_is_sent_once(
    begin: Begin, origin_server: OriginServer, tmp_path: Path
) -> None:
    """The server takes all at once: that we wait is no slowness of its."""
    made = make(tmp_path, size=4000)
    uploading = begin({"bandwidth": LEAST, "timeout": 0.3})
    uploading.keep(made)

    uploading.run(30)

    assert origin_server.held[made.uid].part_sha256 == made.part_sha256
    assert len(origin_server.requests) == 1


def test_no_server_sees_more_bytes_than_the_line_may_carry(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    """Counted by the server, over two senders: never more than the rate, and a piece of each."""
    limited = destination(upload_uri=origin_server.uri)
    made = [make(tmp_path, number, size=BYTES) for number in range(4)]
    began = time.monotonic()

    def send(mine: list[Path]) -> None:
        origin = Origin(limited, Pace(connect(redis.settings), limited))
        for each in mine:
            origin.store([each])
        origin.close()

    senders = [
        threading.Thread(target=send, args=([each.path for each in made[first::2]],))
        for first in range(ABREAST)
    ]
    for each in senders:
        each.start()
    for each in senders:
        each.join()

    arrivals = sorted(one for request in origin_server.requests for one in request.arrivals)
    assert sum(size for _, size in arrivals) > 3.9 * BYTES
    seen = 0
    for at, size in arrivals:
        seen += size
        assert seen <= RATE * (at - began) + ABREAST * RATE / PIECES
    assert len(origin_server.held) == 4


def test_an_upload_keeps_to_the_line_and_arrives(
    redis: RedisServer, origin_server: OriginServer, tmp_path: Path
) -> None:
    spool = open_spool(tmp_path / "spool", sync=False)
    for number in range(4):
        keep(spool, make(tmp_path, number, size=50_000).path.read_bytes(), ["line"])
    site = tmp_path / "proxy.toml"
    site.write_text(
        f'[[destinations]]\nname = "line"\nupload_uri = "{origin_server.uri}"\nbandwidth = {RATE}\n'
    )
    environment = {
        "CONFIG": site,
        "UPLOAD__WORKERS": 3,
        "REDIS__URL": redis.settings.url,
        "SPOOL__PATH": spool.root,
        "SPOOL__SYNC": "false",
        "HEALTH__PORT": 0,
    }
    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: len(origin_server.held) == 4, 30, "all four to be there")
        assert service.terminate() == 0

    batches = service.events("batch.stored")
    assert sum(int(str(each["bytes"])) for each in batches) > 190_000
    assert sum(float(str(each["seconds"])) for each in batches) > 190_000 * 0.8 / RATE
