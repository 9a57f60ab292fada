"""SIGHUP: new destinations, routes and admission, while associations go on."""

import asyncio
import signal
import threading
from pathlib import Path

from pydicom.uid import ImplicitVRLittleEndian

from shared.config import Settings
from shared.destination import Destination
from shared.dimse.service import Operation, Response
from shared.spool import Spool
from tests.support.data_sets import data_set
from tests.support.instances import make
from tests.support.origin_server import OriginServer
from tests.support.processes import Service, of_uploader
from tests.support.proxy import proxy
from tests.support.raw_association import Asking, RawAssociation
from tests.support.redis_server import RedisServer
from tests.support.reloading import PATIENCE, kept, receiver, started, write
from tests.support.spools import keep, open_spool
from tests.support.ups_items import YAMADA, value, yamada
from tests.support.ups_query import answered, begin, decoded, encoded, query
from tests.support.ups_server import UpsServer
from tests.support.waiting import wait_until
from worklist.find import WorklistService

NOT_THEIRS = (3, bytes((0, 1, 1, 3)))
ASSOCIATIONS, INSTANCES = 8, 250


def hang_up(service: Service, event: str, count: int = 1) -> None:
    """Send SIGHUP and wait for what the log says of it."""
    assert service.process
    before = len(service.events(event))
    service.process.send_signal(signal.SIGHUP)
    wait_until(
        lambda: len(service.events(event)) >= before + count, PATIENCE, f"{event} is in the log"
    )


def test_an_association_goes_on_by_new_routes_and_a_bad_file_changes_nothing(
    tmp_path: Path,
) -> None:
    file = write(tmp_path / "proxy.toml", "one")
    with receiver(tmp_path) as service, RawAssociation(started(service)) as modality:
        modality.associate()
        assert modality.store(data_set()).status == 0

        write(file, "one", "two")
        hang_up(service, "configuration.reloaded")
        assert modality.store(data_set()).status == 0
        assert (kept(tmp_path, "one"), kept(tmp_path, "two")) == (1, 1)

        file.write_text("[[destinations]]\nname = 'three'\nupload_ur = 'x'\n")
        hang_up(service, "configuration.refused")
        assert modality.store(data_set()).status == 0
        assert (kept(tmp_path, "one"), kept(tmp_path, "two")) == (1, 2)
        mistakes = str(service.events("configuration.refused")[0]["mistakes"])
        assert "did you mean destinations.0.upload_uri?" in mistakes
        assert modality.release() == 6


def test_strangers_are_refused_from_then_on_and_those_who_are_there_go_on(tmp_path: Path) -> None:
    file = write(tmp_path / "proxy.toml", "one")
    with receiver(tmp_path) as service, RawAssociation(port := started(service)) as modality:
        modality.associate(Asking(calling=b"OLD"))
        write(
            file,
            "one",
            more='[receive]\nidle_timeout = 5.0\n[admission]\nstrangers = "refuse"\n'
            '[[peers]]\ncalling_ae = "NEW"\n',
        )
        hang_up(service, "configuration.reloaded")

        with RawAssociation(port) as stranger:
            stranger.send(Asking(calling=b"OLD").encode())
            assert stranger.read() == NOT_THEIRS
        with RawAssociation(port) as known:
            known.associate(Asking(calling=b"NEW"))
        assert modality.store(data_set()).status == 0
        assert service.events("configuration.restart_needed")[0]["sections"] == ["receive"]


def test_all_processes_of_a_port_are_told(tmp_path: Path) -> None:
    file = write(tmp_path / "proxy.toml", "one")
    with receiver(tmp_path, RECEIVE__PROCESSES=2) as service:
        port = started(service)
        wait_until(lambda: len(service.events("receiver.started")) == 2, PATIENCE, "both serve")
        write(file, "two")
        hang_up(service, "configuration.reloaded", 2)

        for _ in range(8):
            with RawAssociation(port) as modality:
                modality.associate()
                assert modality.store(data_set()).status == 0

    assert (kept(tmp_path, "one"), kept(tmp_path, "two")) == (0, 8)


def test_five_reloads_under_load_lose_no_instance_and_no_association(tmp_path: Path) -> None:
    file = write(tmp_path / "proxy.toml", "one")
    statuses: list[int] = []
    released: list[int] = []
    reloaded = threading.Event()

    def send(port: int) -> None:
        with RawAssociation(port, timeout=PATIENCE) as modality:
            modality.associate()
            mine: list[int] = []
            while len(mine) < INSTANCES or not reloaded.is_set():
                mine.append(modality.store(data_set()).status)
            statuses.extend(mine)
            released.append(modality.release())

    with receiver(tmp_path) as service:
        port = started(service)
        senders = [threading.Thread(target=send, args=(port,)) for _ in range(ASSOCIATIONS)]
        for each in senders:
            each.start()
        for number in range(5):
            broken = number == 2
            if broken:
                file.write_text("not = [toml")
            else:
                write(file, "one", f"place{number}")
            hang_up(service, "configuration.refused" if broken else "configuration.reloaded")
        reloaded.set()
        for each in senders:
            each.join()

    assert len(statuses) >= ASSOCIATIONS * INSTANCES
    assert set(statuses) == {0}
    assert released == [6] * ASSOCIATIONS
    places = [each.name for each in (tmp_path / "spool").iterdir() if each.name[0] != "."]
    assert sum(kept(tmp_path, each) for each in places) == len(statuses)


def test_an_uploader_serves_a_destination_that_is_new(
    tmp_path: Path, redis: RedisServer, origin_server: OriginServer
) -> None:
    file = write(tmp_path / "proxy.toml", "one", port=origin_server.port)
    spool: Spool = open_spool(tmp_path / "spool", sync=False)
    for number in (1, 2):
        content = make(tmp_path, number, size=800).path.read_bytes()
        keep(spool, content, (("one", "two")[number - 1],))
    environment = of_uploader(redis.settings.url, spool.root, CONFIG=file)

    with Service("uploader", tmp_path, environment) as service:
        wait_until(lambda: len(origin_server.held) == 1, PATIENCE, "the first has arrived")
        file.write_text("[[destinations]]\nname = 'x'\n")
        hang_up(service, "configuration.refused")
        write(file, "one", "two", port=origin_server.port)
        hang_up(service, "configuration.reloaded")

        wait_until(lambda: len(origin_server.held) == 2, PATIENCE, "the second has arrived")
        assert service.terminate() == 0


def test_a_whole_proxy_hands_it_on(tmp_path: Path, origin_server: OriginServer) -> None:
    file = write(tmp_path / "proxy.toml", "one", port=origin_server.port)
    with (
        OriginServer() as other,
        proxy(tmp_path, CONFIG=file, RELOAD__WATCH=0) as running,
        RawAssociation(running.port) as modality,
    ):
        modality.associate()
        assert modality.store(data_set()).status == 0
        wait_until(lambda: origin_server.held, PATIENCE, "the first has arrived")

        write(file, "two", port=other.port)
        running.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: running.logged().count("configuration.reloaded") == 2, PATIENCE, "both reread"
        )

        assert modality.store(data_set(instance="1.2.3.5")).status == 0
        wait_until(lambda: other.held, PATIENCE, "the second has arrived")
        assert "process.fell" not in running.logged()


def test_queries_that_come_later_are_asked_of_the_new_server() -> None:
    other = yamada(t00100020=value("LO", "P2"))

    async def run(first: UpsServer, second: UpsServer) -> list[list[str]]:
        def at(server: UpsServer) -> Settings:
            place = Destination(name="only", worklist_uri=server.workitems_uri)
            return Settings(destinations=(place,))

        service = WorklistService(at(first))
        service.renew(at(first))
        found = [(await answered(service, query())).ids]
        under_way = begin(service)
        service.renew(at(second))
        found.append((await answered(service, query())).ids)
        found.append(await finished(under_way))
        await service.close()
        return found

    with UpsServer([YAMADA]) as first, UpsServer([other]) as second:
        assert asyncio.run(run(first, second)) == [["P1"], ["P2"], ["P1"]]


async def finished(operation: Operation) -> list[str]:
    operation.write(memoryview(encoded(query())))
    answers: list[bytes] = []

    async def respond(response: Response) -> None:
        if response.identifier:
            answers.append(response.identifier)

    await operation.finish(respond)
    return [str(decoded(each, ImplicitVRLittleEndian).PatientID) for each in answers]
