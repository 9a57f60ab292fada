"""Lua scripts of a file: sections that begin with `-- script NAME`, after a prelude for all."""

import re
from pathlib import Path
from typing import Any

from redis import Redis

from shared.foreign import mending

_HEADING = re.compile(r"^-- script (\w+).*$", re.MULTILINE)


class Scripts:
    """Called by name; loaded again by themselves after Redis has lost them."""

    def __init__(self, client: Redis, file: Path, *before: Path) -> None:
        """`before`: files whose prelude comes first. Raises OSError."""
        self._client = client
        prelude = "".join(_split(each)[0] for each in before)
        own, sections = _split(file)
        self._scripts = {
            name: client.register_script(prelude + own + text) for name, text in sections.items()
        }

    def call(self, name: str, keys: list[str], *arguments: Any) -> Any:
        """Raises RedisError."""
        return mending(self._client, keys, lambda: self._scripts[name](keys, arguments))


def _split(file: Path) -> tuple[str, dict[str, str]]:
    prelude, *rest = _HEADING.split(file.read_text("utf-8"))
    return prelude, dict(zip(rest[::2], rest[1::2], strict=True))
