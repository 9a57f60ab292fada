"""The commands in the documentation's shell blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.settings_reference import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"sh", "toml", "yaml", "ini", "json", "nginx", "text"}
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+#.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    language: str
    text: str

    def commands(self) -> list[str]:
        """Without comments; lines that a backslash continues are one."""
        joined = re.sub(r"\\\n\s*", "", _COMMENT.sub("", self.text))
        return [line.strip() for line in joined.splitlines() if line.strip()]


def blocks() -> list[Block]:
    return [
        Block(page, language, text)
        for page in PAGES
        for language, text in _FENCE.findall(page.read_text("utf-8"))
    ]


def commands() -> list[str]:
    """Every command of every shell block, once, in the order of the pages."""
    found = [each.commands() for each in blocks() if each.language == "sh"]
    return list(dict.fromkeys(command for each in found for command in each))
