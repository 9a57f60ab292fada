"""One trace from C-STORE to STOW-RS, and nothing at all where it is off."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import answers
from tests.support.canaries import canary, found_in
from tests.support.data_sets import CT, element
from tests.support.origin_server import OriginServer
from tests.support.otlp import Collector, collector
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.raw_association import RawAssociation, c_store_rq
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

PATIENCE = 30.0  # seconds
IMPORTS = """
import sys
import receiver.program, uploader.worker, standalone.dimse
from shared import tracing
from shared.tracing_sections import TracingSettings
with tracing.tracing(TracingSettings(), "receiver"):
    tracing.received(None, 0.0, 0.0, 0.0, {})  # not looked at
    with tracing.storing("cloud", ["00"]):
        assert tracing.headers() == {}
# redis-py imports OpenTelemetry's interface by itself wherever it is installed.
ours = ("shared.tracing_otel", "opentelemetry.exporter")
print([name for name in sys.modules if name.startswith(ours)])
"""
MISSING = """
import sys
sys.modules["opentelemetry"] = None
sys.argv = ["receiver"]
from receiver.program import main
sys.exit(main())
"""


class Site:
    def __init__(self, folder: Path, origin: OriginServer, redis: RedisServer, uri: str) -> None:
        self.port = free_port()
        self.settings: dict[str, object] = {
            "UPLOAD__URI": origin.uri,
            "UPLOAD__WORKERS": 1,
            "UPLOAD__RETRY_BASE": 0.05,
            "REDIS__URL": redis.settings.url,
            "RECEIVE__HOST": "127.0.0.1",
            "RECEIVE__PORT": self.port,
            "HEALTH__HOST": "127.0.0.1",
            "SPOOL__PATH": folder / "spool",
            "SPOOL__SOFT_RESERVE": 0,
            "SPOOL__HARD_RESERVE": 0,
            "TRACING__ENDPOINT": uri,
        }
        self._folder = folder

    @contextmanager
    def running(self, *names: str) -> Iterator[None]:
        with ExitStack() as stack:
            for name in names:
                service = Service(
                    name, self._folder, {**self.settings, "HEALTH__PORT": free_port()}
                )
                service.extra["OTEL_BSP_SCHEDULE_DELAY"] = "100"  # milliseconds
                stack.enter_context(service)
                service.wait_ready()
            yield

    def store(self, *numbers: int) -> None:
        with RawAssociation(self.port) as modality:
            modality.associate()
            for number in numbers:
                uid = f"1.2.3.{number}"
                text = element(0x0010_0010, "PN", canary(1)) + element(0x0010_0020, "LO", canary(2))
                data = element(0x0008_0016, "UI", CT) + element(0x0008_0018, "UI", uid) + text
                data += element(0x0020_000D, "UI", "1.2.3")
                assert modality.store(data, rq=c_store_rq(uid.encode())).status == 0
            modality.release()


@pytest.fixture
def traces() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture
def site(
    tmp_path: Path, origin_server: OriginServer, redis: RedisServer, traces: Collector
) -> Site:
    return Site(tmp_path, origin_server, redis, traces.uri)


def test_an_instance_is_one_trace_from_its_c_store_to_the_archive(
    site: Site, traces: Collector, origin_server: OriginServer
) -> None:
    with site.running("receiver", "uploader"):
        site.store(1)
        wait_until(lambda: traces.named("STOW-RS"), PATIENCE, "the request")
        wait_until(lambda: traces.named("C-STORE"), PATIENCE, "the reception")

    [received], [synced], [sent] = map(traces.named, ("C-STORE", "spool.sync", "STOW-RS"))
    assert received.trace == synced.trace == sent.trace
    assert (received.parent, synced.parent, sent.parent) == ("", received.span, received.span)
    assert received.begun <= synced.begun <= synced.ended <= received.ended <= sent.begun
    assert received.service == "dicomweb-proxy-receiver"
    assert sent.service == "dicomweb-proxy-uploader"
    assert sent.told == {"destination": "default", "instances": 1}
    headers = {name.lower(): value for name, value in origin_server.stores[0].headers.items()}
    assert headers["traceparent"] == f"00-{sent.trace}-{sent.span}-01"
    assert not [leak for body in traces.raw for leak in found_in(body)]


def test_of_a_batch_each_instance_has_its_trace_to_the_end(site: Site, traces: Collector) -> None:
    with site.running("receiver"):  # so that they gather, and Redis need not be told twice
        site.store(1, 2, 3)
        wait_until(lambda: len(traces.named("C-STORE")) == 3, PATIENCE, "the receptions")
    with site.running("uploader"):
        wait_until(lambda: traces.named("STOW-RS"), PATIENCE, "the request")
        wait_until(lambda: len(traces.named("STOW-RS (in a batch)")) == 2, PATIENCE, "the others")

    [sent], others = traces.named("STOW-RS"), traces.named("STOW-RS (in a batch)")
    received = {each.trace: each.span for each in traces.named("C-STORE")}
    assert {each.trace: each.parent for each in (sent, *others)} == received
    assert all(each.links == {sent.span} for each in others)
    assert sent.links == {received[each.trace] for each in others}


def test_a_request_that_fails_says_why_and_not_what_about(
    site: Site, traces: Collector, origin_server: OriginServer
) -> None:
    origin_server.script(answers.status(503, f"no room for {canary(3)}", "text/plain"))
    with site.running("receiver", "uploader"):
        site.store(1)
        wait_until(lambda: len(traces.named("STOW-RS")) == 2, PATIENCE, "the second try")

    assert [each.failed for each in traces.named("STOW-RS")] == ["is busy (503)", ""]
    assert not [leak for body in traces.raw for leak in found_in(body)]


def test_what_is_not_sampled_is_sampled_nowhere(
    site: Site, traces: Collector, origin_server: OriginServer
) -> None:
    site.settings["TRACING__RATIO"] = 0
    with site.running("receiver", "uploader"):
        site.store(1)
        wait_until(lambda: origin_server.holdings.stores, PATIENCE, "it to arrive")

    assert traces.spans == []


def test_images_go_on_where_no_collector_answers(site: Site, origin_server: OriginServer) -> None:
    site.settings["TRACING__ENDPOINT"] = f"http://127.0.0.1:{free_port()}/v1/traces"
    with site.running("receiver", "uploader"):
        site.store(1, 2)
        wait_until(lambda: len(origin_server.holdings.stores) == 2, PATIENCE, "both to arrive")


def test_off_it_imports_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout == "[]\n"


def test_without_the_extra_it_is_a_mistake_in_the_configuration(site: Site, tmp_path: Path) -> None:
    from tests.support.proxy import environment

    done = subprocess.run(
        [sys.executable, "-c", MISSING],
        env=environment(tmp_path, **site.settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert "the extra `tracing`" in done.stderr
