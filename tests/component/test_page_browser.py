"""The status page as people use it, in a real Chromium: by mouse, by keyboard, without JavaScript,
on a phone, in the dark; and what an automatic check of accessibility (axe-core) finds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import chromium, see, tab
from tests.support.instances import make
from tests.support.origin_server import OriginServer, well
from tests.support.ports import free_port
from tests.support.proxy import Running, proxy
from tests.support.sandbox import sandbox
from tests.support.spools import keep, open_spool
from tests.support.status_page import PASSWORD, USER, WHY, password_file, quarantined, served
from tests.support.talkative_servers import refusing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)  # a browser, a proxy and a page start first
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@contextmanager
def site(folder: Path, uri: str) -> Iterator[tuple[Running, str]]:
    """A proxy, and its page with a login."""
    settings = {
        "UPLOAD__URI": uri,
        "UPLOAD__MAX_ATTEMPTS": 1,
        "UPLOAD__RETRY_BASE": 0.2,
        "UPLOAD__RETRY_CAP": 1,
        "UPLOAD__RESCAN": 1,
        "PAGE__PASSWORD_FILE": password_file(folder),
        "PAGE__PORT": 0,
    }
    with proxy(folder, **settings) as running, served(folder, **settings) as base:
        yield running, base


@pytest.fixture
def base(tmp_path: Path, page_settings: dict[str, Any]) -> Iterator[str]:
    """A page with something in quarantine, and nothing that sends."""
    quarantined(tmp_path, 3)
    with served(tmp_path, **page_settings) as found:
        yield found


def log_in(page: Any) -> None:
    page.goto("/login")
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    see(page, f"Logged in as {USER}")


def put(folder: Path, number: int) -> str:
    """An instance into the spool, as a receiver does it; its UID."""
    spool = open_spool(folder / "spool", sync=False)
    made = make(folder, number, size=800)
    keep(spool, made.path.read_bytes(), ["default"])
    spool.close()
    return made.uid


def test_without_a_login_there_are_counts_only(browser: Any, base: str, tmp_path: Path) -> None:
    with tab(browser, base) as page:
        page.goto("/")
        see(page, "nstances are in quarantine", "#summary")
        shown = page.content()

        assert page.locator("#now dd").count() == 5
        assert page.locator("form, #quarantine, #destinations, #callers").count() == 0
    named = (make(tmp_path, 1, size=800).uid, WHY, "default")
    assert not [each for each in named if each in shown]


def test_an_instance_is_found_understood_requeued_and_seen_to_be_stored(
    browser: Any, tmp_path: Path, origin_server: OriginServer
) -> None:
    with site(tmp_path, origin_server.uri) as (_, base), tab(browser, base) as page:
        uid = make(tmp_path, 1, size=800).uid
        origin_server.always = refusing({uid})
        put(tmp_path, 1)
        log_in(page)
        item = page.locator("#quarantine li", has_text=uid)
        item.wait_for()  # it comes by itself
        assert item.locator("p.trouble").inner_text() != ""
        origin_server.always = well

        item.get_by_role("checkbox").check()
        page.get_by_role("button", name="Requeue chosen").click()

        see(page, "1 requeued", ".done")
        see(page, "Nothing is in quarantine", "#quarantine")
        page.locator("#destinations dl > div", has_text="Stored1").wait_for()
    assert uid in origin_server.held


def test_a_destination_goes_down_and_comes_back_before_ones_eyes(
    browser: Any, tmp_path: Path
) -> None:
    port = free_port()
    uri, archive = f"http://127.0.0.1:{port}/studies", tmp_path / "archive"
    with site(tmp_path, uri) as (_, base), tab(browser, base) as page:
        with sandbox(archive, f"--port={port}"):
            put(tmp_path, 1)
            log_in(page)
            page.locator("#destinations dl > div", has_text="Stored1").wait_for()
            page.evaluate("window.loadedOnce = true")
        put(tmp_path, 2)
        see(page, "refuses connections", "#destinations")
        see(page, "1 of 1 destination is held", "#summary.trouble")
        with sandbox(archive, f"--port={port}"):
            page.locator("#destinations dl > div", has_text="Stored2").wait_for()
            see(page, "Nothing waits", "#summary.calm")
        assert page.evaluate("window.loadedOnce") is True


def test_dropping_by_keyboard_alone_asks_first(browser: Any, base: str, tmp_path: Path) -> None:
    with tab(browser, base) as page:
        page.goto("/login")
        page.locator('input[name="user"]:focus').wait_for()  # by itself, when it is first drawn
        page.keyboard.type(USER)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        see(page, "Logged in")

        tab_to(page, 'input[type="checkbox"]')
        page.keyboard.press("Space")
        tab_to(page, 'button[value="drop"]')
        page.keyboard.press("Enter")
        see(page, "Delete 1 for good?", "h1")
        kept = len(list((tmp_path / "spool" / ".quarantine" / "default").glob("*.dcm")))
        tab_to(page, 'button[value="drop"]')
        page.keyboard.press("Enter")
        see(page, "1 deleted for good", ".done")

    assert kept == 3
    assert len(list((tmp_path / "spool" / ".quarantine" / "default").glob("*.dcm"))) == 2


def tab_to(page: Any, selector: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", "whoever has no mouse sees where they are"
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


def test_what_is_chosen_stays_chosen_while_the_page_renews_itself(browser: Any, base: str) -> None:
    with tab(browser, base) as page:
        log_in(page)
        page.get_by_role("checkbox").first.check()
        before = page.locator("#as-of").inner_text()

        wait_until(lambda: page.locator("#as-of").inner_text() != before, 20, "a renewal")

        assert page.get_by_role("checkbox", checked=True).count() == 1


def test_who_comes_by_a_link_from_elsewhere_is_still_logged_in(browser: Any, base: str) -> None:
    with tab(browser, base) as page:
        log_in(page)
        page.goto("about:blank")
        page.set_content(f'<a href="{base}/">status</a>')
        page.get_by_role("link").click()

        see(page, f"Logged in as {USER}")


def test_without_javascript_it_does_the_same(browser: Any, base: str) -> None:
    with tab(browser, base, java_script_enabled=False) as page:
        log_in(page)
        page.get_by_role("button", name="Requeue all 3").click()
        see(page, "3 requeued", ".done")

        again = page.locator("meta[http-equiv=refresh]").get_attribute("content")
        assert again == "10;url=/", "and does not say again what was done"
        page.get_by_role("button", name="Log out").click()
        see(page, "Log in", "header")


def test_a_page_whose_server_is_gone_says_so(
    browser: Any, tmp_path: Path, page_settings: dict[str, Any]
) -> None:
    with pytest.raises(AssertionError, match="ERR_CONNECTION_REFUSED"):  # the browser's own words
        left_alone(browser, tmp_path, page_settings)


def left_alone(browser: Any, folder: Path, settings: dict[str, Any]) -> None:
    with tab(browser, f"http://127.0.0.1:{free_port()}") as page:
        with served(folder, **settings) as base:
            page.goto(base)
        see(page, "what is shown is old", "#summary.trouble")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_automatic_check_of_accessibility_finds_nothing(
    browser: Any, base: str, scheme: str, device: dict[str, Any]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with tab(browser, base, color_scheme=scheme, **device) as page:
        found = {}
        for path in ("/", "/login"):
            page.goto(path)
            found[path] = Axe().run(page).response["violations"]
            assert fits(page)
        log_in(page)
        found["logged in"] = Axe().run(page).response["violations"]
        assert fits(page)
        page.get_by_role("checkbox").first.check()
        page.get_by_role("button", name="Drop chosen").click()
        see(page, "for good?", "h1")
        found["question"] = Axe().run(page).response["violations"]

    assert {place: _brief(each) for place, each in found.items() if each} == {}


def fits(page: Any) -> bool:
    """Nobody has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def _brief(violations: list[dict[str, Any]]) -> list[str]:
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:120]}"
        for each in violations
        for node in each["nodes"][:3]
    ]


def test_the_check_of_accessibility_finds_what_is_planted(browser: Any, base: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with tab(browser, base) as page:
        page.goto("/login")
        page.evaluate("document.querySelector('label').remove()")
        page.evaluate("document.querySelector('button').replaceChildren()")

        found = {each["id"] for each in Axe().run(page).response["violations"]}

    assert {"label", "button-name"} <= found


def test_a_planted_violation_of_the_policy_is_told(browser: Any, base: str) -> None:
    with pytest.raises(AssertionError, match="policy: style-src"):
        plant_style(browser, base)


def plant_style(browser: Any, base: str) -> None:
    with tab(browser, base) as page:
        page.goto("/")
        page.evaluate("document.body.innerHTML = '<p style=color:red>red</p>'")
        page.wait_for_timeout(500)
