"""`dicomweb-proxy page` as a process of its own, and whoever looks at it without a browser."""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from standalone.page.passwords import line_for
from standalone.ready import Announced
from tests.support.instances import make
from tests.support.proxy import environment
from tests.support.spools import keep, open_spool

USER, PASSWORD = "operator", "correct horse battery"
WHY = "refused (0xC000): cannot understand the instance"


def password_file(folder: Path, user: str = USER, password: str = PASSWORD) -> Path:
    file = folder / "passwords"
    file.write_text(f"# who may log in\n{line_for(user, password)}\n")
    return file


@contextlib.contextmanager
def served(folder: Path, *options: str, **settings: object) -> Iterator[str]:
    """Where; with the settings of a proxy in that folder."""
    with (folder / "page.log").open("ab") as output:
        process = Announced(
            [sys.executable, "-m", "standalone.cli", "page", "--port=0", *options],
            environment=environment(folder, **{"LOG__FORMAT": "json", **settings}),
            output=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        base = process.wait_ready(30)
        assert base, logged(folder)
        yield base
    finally:
        process.terminate()
        assert process.wait(10) == 0


def logged(folder: Path) -> str:
    return (folder / "page.log").read_text()


@contextlib.contextmanager
def page(folder: Path, **settings: object) -> Iterator["Visit"]:
    with served(folder, **settings) as base, Visit(base) as visit:
        yield visit


class Visit(httpx.Client):
    """A browser's manners without a browser: it keeps cookies and says where a form comes from."""

    def __init__(self, base: str, **options: object) -> None:
        super().__init__(base_url=base, trust_env=False, timeout=30, **options)  # type: ignore[arg-type]
        self.headers["Origin"] = base

    def text(self, path: str = "/") -> str:
        return unescape(self.get(path).raise_for_status().text)

    def token(self) -> str:
        """Of the forms of the page."""
        found = re.search(r'name="token" value="([^"]+)"', self.get("/").text)
        assert found, "there is no form: not logged in?"
        return found[1]

    def log_in(self, user: str = USER, password: str = PASSWORD) -> httpx.Response:
        return self.post("/login", data={"user": user, "password": password})

    def decide(self, action: str, *items: str, **more: str) -> httpx.Response:
        fields = {"token": self.token(), "action": action, "item": list(items), **more}
        return self.post("/quarantine", data=fields)


def quarantined(folder: Path, count: int = 1) -> list[str]:
    """What a form calls them."""
    spool = open_spool(folder / "spool", sync=False)
    found = []
    for number in range(1, count + 1):
        made = make(folder, number, size=800)
        [entry] = keep(spool, made.path.read_bytes(), ["default"])
        spool.quarantine(entry, {"sop_instance_uid": made.uid, "detail": WHY, "attempts": 5})
        found.append(f"default/{entry.name}")
    spool.close()
    return found


def waiting(folder: Path) -> int:
    spool = open_spool(folder / "spool", sync=False)
    try:
        return sum(1 for _ in spool.scan("default"))
    finally:
        spool.close()


def audited(folder: Path) -> list[dict[str, Any]]:
    """What was said of decisions."""
    return [each for each in messages(folder) if "quarantine" in str(each["EventIdentification"])]


def messages(folder: Path) -> list[dict[str, Any]]:
    """The whole trail."""
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
