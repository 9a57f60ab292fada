"""docs/commands.md, made from the program's options (`make docs`)."""

from collections.abc import Iterator

from standalone.cli import parser
from standalone.command_tree import Node, Option, tree
from standalone.exits import EXITS, PROGRAM
from tests.support.settings_reference import ROOT

PAGE = ROOT / "docs" / "commands.md"
HEAD = """\
# Commands

Made from the program by `make docs`.

`dicomweb-proxy COMMAND --help` says the same. What prints a result prints it as JSON with `--json`;
`up`, `page`, `sandbox` and `demo` are no questions, and print what people read. Progress is a bar
on a terminal and a line elsewhere. Shells complete every word: see `completion`.

## Exit codes

| code | meaning |
|---|---|
"""


def page() -> str:
    root = tree(parser())
    codes = "".join(f"| {code} | {text} |\n" for code, text in EXITS.items())
    return HEAD + codes + "".join(_section(each) for each in root.every() if each.path)


def _section(node: Node) -> str:
    options = [each for each in node.options if each.names != ("-h", "--help")]
    title = f"\n{'#' * (len(node.path) + 1)} {PROGRAM} {' '.join(node.path)}\n\n"
    text = f"{node.help[:1].upper()}{node.help[1:]}.\n" if node.help else ""
    rows = "".join(_rows(options))
    return title + text + (f"\n| option | what it does |\n|---|---|\n{rows}" if rows else "")


def _rows(options: list[Option]) -> Iterator[str]:
    for each in options:
        value = f" {each.value}".replace("|", "\\|") if each.value else ""
        yield f"| `{', '.join(each.names)}{value}`".replace("` ", "`") + f" | {each.help} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
