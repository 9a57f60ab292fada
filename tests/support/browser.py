"""Debian's Chromium, driven by Playwright, and all that it complains of."""

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.support.peers import lacking, peer

PATIENCE = 20_000  # milliseconds; a machine that runs all tests at once is slow
# Told to the console, from where a test takes it: what the policy of the page forbids.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser. Where it or Playwright is missing the test is skipped, except in CI."""
    path = peer("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("Playwright is not installed: make .venv/.browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def tab(browser: Any, base: str, **options: Any) -> Iterator[Any]:
    """A page of a fresh profile. At its end nothing may have been complained of."""
    complaints: list[str] = []
    context = browser.new_context(base_url=base, **options)
    context.set_default_timeout(PATIENCE)
    context.add_init_script(TELL_VIOLATIONS)
    try:
        page = context.new_page()
        page.on("console", lambda said: _note(complaints, said))
        page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
        yield page
    finally:
        context.close()
    assert not complaints, complaints


def see(page: Any, text: str, within: str = "body") -> None:
    """Wait until a part of the page says so, without loading it anew."""
    from playwright.sync_api import TimeoutError as TooLong

    try:
        page.locator(within, has_text=text).first.wait_for()
    except TooLong as error:
        shown = page.locator("body").inner_text()
        raise AssertionError(f"{text!r} is not on {page.url}, but: {shown[:2000]}") from error


def _note(complaints: list[str], said: Any) -> None:
    if said.type in {"error", "warning"}:
        complaints.append(f"{said.type}: {said.text}")
