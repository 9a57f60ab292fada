"""Pictures of the status page for the documentation: `make screenshots`.

A made-up site: a Redis and a spool are filled as services would fill them, the page is real, and
Chromium looks at it.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from shared.destination import Destination
from shared.errors import Unavailable
from shared.index import Index
from shared.keys import CALLERS, RECENT
from shared.recent import MINUTES, of_destination
from shared.sections import Upload
from tests.support.browser import chromium, tab
from tests.support.instances import make
from tests.support.redis_server import RedisServer
from tests.support.settings_reference import ROOT
from tests.support.spools import keep, open_spool
from tests.support.status_page import PASSWORD, USER, password_file, served
from uploader.turns import Turns

FOLDER = ROOT / "docs" / "images"
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 900, "height": 1160}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True},
}
CONFIGURATION = """\
[[destinations]]
name = "cloud"
upload_uri = "https://cloud.example/studies"

[[destinations]]
name = "research"
upload_uri = "https://research.example/studies"
"""
REFUSALS = ("SOP class not supported (0x0122)", "data set does not match its SOP class (0xA900)")
CALLS = {"CT1": 12, "CT2": 9, "MR*": 7, "others": 1}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        with RedisServer(folder) as redis:
            config = folder / "proxy.toml"
            config.write_text(CONFIGURATION, "utf-8")
            _fill(folder, redis)
            settings = {
                "CONFIG": config,
                "REDIS__URL": redis.settings.url,
                "PAGE__PASSWORD_FILE": password_file(folder),
            }
            with served(folder, **settings) as base:
                _look(browser, base)


def _fill(folder: Path, redis: RedisServer) -> None:
    spool = open_spool(folder / "spool", sync=False)
    index = Index(redis.client)
    for number in range(1, 61):
        made = make(folder, number, size=900)
        entries = keep(spool, made.path.read_bytes(), ["cloud", "research"])
        index.add(entries)
        if number <= len(REFUSALS):
            record = {
                "sop_instance_uid": made.uid,
                "detail": REFUSALS[number - 1],
                "attempts": number,
            }
            spool.quarantine(entries[0], record)
            index.ack("cloud", [entries[0]])
        elif number <= 50:  # the rest waits
            spool.release(entries[0])
            index.ack("cloud", [entries[0]])
    spool.close()
    turns = Turns(redis.client, Upload(retry_base=300, retry_cap=300), several=True)
    held = Destination(name="research", upload_uri="https://research.example/studies")
    turns.fault(turns.begin(held), Unavailable("refuses connections", retry_after=240))
    for name, stored in (("cloud", 18_204), ("research", 17_311)):
        index.count(name, "stored", stored)
    _past(redis)


def _past(redis: RedisServer) -> None:
    """A busy hour, as it would have been counted."""
    now = int(time.time()) // 60
    for ago in range(MINUTES):
        came = 40 + 35 * (ago * 7 % 11) // 2 if ago % 9 else 0
        went = 0 if 18 <= ago < 24 else came + (90 if 12 <= ago < 18 else 0)
        _count(redis, RECENT, "received", now - ago, came)
        _count(redis, of_destination("cloud"), "stored", now - ago, went)
        _count(redis, RECENT, "queries 0000", now - ago, ago % 4)
        _count(redis, RECENT, "matches", now - ago, 3 * (ago % 4))
    for name, number in CALLS.items():
        for what, times in (("associations", 1), ("requests", 140)):
            _count(redis, CALLERS, f"{what} {name}", now - number % 5, number * times)


def _count(redis: RedisServer, key: str, what: str, minute: int, number: int) -> None:
    if number:
        redis.client.hset(key, f"{what}:{minute % MINUTES}", f"{minute} {number}")


def _look(browser: Any, base: str) -> None:
    for device, options in DEVICES.items():
        for scheme in ("light", "dark"):
            with tab(browser, base, color_scheme=scheme, **options) as page:
                page.goto("/login")
                page.get_by_label("User").fill(USER)
                page.get_by_label("Password").fill(PASSWORD)
                page.get_by_role("button", name="Log in").click()
                page.locator("#quarantine").wait_for()
                page.screenshot(path=FOLDER / f"page-{device}-{scheme}.png")


if __name__ == "__main__":
    main()
