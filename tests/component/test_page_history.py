"""The last hour of the status page: what real receivers, uploaders and worklists counted."""

import re
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from standalone import study
from tests.support.ports import free_port
from tests.support.processes import Service
from tests.support.proxy import proxy
from tests.support.raw_association import Asking, RawAssociation
from tests.support.redis_server import RedisServer
from tests.support.sandbox import sandbox
from tests.support.scu import send
from tests.support.status_page import Visit, page, password_file, quarantined, served
from tests.support.ups_query import query
from tests.support.ups_scu import associated, pending
from tests.support.ups_server import UpsServer
from tests.support.waiting import wait_until

PEERS = """\
[[peers]]
calling_ae = ["CT1", "MR*"]

[[peers]]
calling_ae = "*"
"""
STRANGE = "DOE^JANE"


def call(port: int, name: str) -> None:
    with RawAssociation(port) as raw:
        raw.associate(Asking(calling=name.encode()))


def queries(visit: Visit) -> int:
    found = re.search(r"<dt>Queries</dt><dd>(\d+)", visit.text())
    assert found
    return int(found[1])


def said(visit: Visit, text: str) -> bool:
    return text in visit.text()


def test_what_came_and_went_is_drawn_and_callers_are_named_as_configured(tmp_path: Path) -> None:
    config = tmp_path / "peers.toml"
    with sandbox(tmp_path / "sandbox") as base:
        config.write_text(f'[upload]\nuri = "{base}/studies"\n{PEERS}')
        settings = {
            "CONFIG": config,
            "PAGE__PASSWORD_FILE": password_file(tmp_path),
            "PAGE__PORT": 0,
        }
        with proxy(tmp_path, **settings) as running, page(tmp_path, **settings) as visit:
            send(running.port, list(study.instances(datetime(2026, 11, 24, tzinfo=UTC)))[:5])
            for each in ("CT1", "CT1", "MR7", STRANGE):
                call(running.port, each)
            drawn = "Instances a minute in the last hour: 5 came in, 5 went out."
            wait_until(lambda: said(visit, drawn), 20, "the chart")
            counted = visit.text()
            visit.log_in()
            wait_until(lambda: said(visit, "MR*"), 20, "the callers")
            rows = visit.text()

    assert '<rect x="' in counted
    assert not [each for each in ("CT1", "MR", STRANGE) if each in counted]
    assert '<th scope="row">CT1</th><td>2</td>' in rows
    assert '<th scope="row">MR*</th><td>1</td>' in rows
    assert "others" in rows
    assert STRANGE not in rows


def test_worklists_apart_are_asked_for_what_they_answered(
    tmp_path: Path, redis: RedisServer
) -> None:
    health, port = free_port(), free_port()
    with UpsServer() as ups:
        settings: dict[str, object] = {
            "WORKLIST__URI": ups.workitems_uri,
            "WORKLIST__HOST": "127.0.0.1",
            "WORKLIST__PORT": port,
            "HEALTH__HOST": "127.0.0.1",
            "HEALTH__PORT": health,
            "REDIS__URL": redis.settings.url,
        }
        asked = {**settings, "PAGE__WORKLISTS": f'["127.0.0.1:{health}"]'}
        with ExitStack() as stack:
            worklist = stack.enter_context(Service("worklist", tmp_path, settings))
            base = stack.enter_context(served(tmp_path, **asked))
            worklist.wait_ready()
            visit = stack.enter_context(Visit(base))
            with associated(port) as association:
                wait_until(lambda: said(visit, "<dt>Queries</dt><dd>0</dd>"), 10, "the page")

                def answered() -> bool:
                    list(pending(association, query(), 1))
                    return not said(visit, "<dt>Queries</dt><dd>0</dd>")

                wait_until(answered, 20, "a query to be counted")
                assert said(visit, "<dt>Failed</dt><dd>0</dd>")
                assert said(visit, "No destination takes uploads")
                before = queries(visit)
                worklist.kill()
                worklist.start().wait_ready()  # begins to count at 0

            def more() -> bool:
                with associated(port) as again:
                    list(pending(again, query(), 1))
                return queries(visit) > before

            wait_until(more, 20, "queries after the restart, beside those before")


def test_a_redis_that_hangs_is_told_before_a_browser_gives_up(
    tmp_path: Path, page_settings: dict[str, Any], own_redis: RedisServer
) -> None:
    quarantined(tmp_path)
    with page(tmp_path, **{**page_settings, "REDIS__URL": own_redis.settings.url}) as visit:
        visit.log_in()
        own_redis.hang()
        try:
            visit.timeout = httpx.Timeout(10)  # as page.js has it
            why = "Nothing is known of uploads: Redis does not answer"
            wait_until(lambda: said(visit, why), 20, "the page")
            told = visit.text()
        finally:
            own_redis.go_on()
        wait_until(lambda: not said(visit, "does not answer"), 20, "Redis to be found")

    assert "Nothing is known of the last hour" in told
