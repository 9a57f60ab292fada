"""The commands and their options as a tree, read from argparse: for completion and reference."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Option:
    """An option, or, without names, what is given by its place."""

    names: tuple[str, ...]
    help: str
    value: str  # what stands for it; "" for a switch
    choices: tuple[str, ...]
    files: bool  # the value is a path


@dataclass(frozen=True, slots=True)
class Node:
    path: tuple[str, ...]  # of words behind the program's name
    help: str
    options: tuple[Option, ...]
    children: tuple["Node", ...]

    def every(self) -> Iterator["Node"]:
        yield self
        for each in self.children:
            yield from each.every()


def tree(parser: argparse.ArgumentParser, path: tuple[str, ...] = (), summary: str = "") -> Node:
    options, children = [], list[Node]()
    for action in parser._actions:  # noqa: SLF001  # argparse tells it in no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            children += [
                tree(each, (*path, name), helps.get(name, ""))
                for name, each in action.choices.items()
            ]
        else:
            options.append(_option(action))
    return Node(path, summary, tuple(options), tuple(children))


def _option(action: argparse.Action) -> Option:
    choices = tuple(map(str, action.choices or ()))
    takes = action.nargs != 0
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    value = ("|".join(choices) or metavar) if takes else ""
    names = tuple(action.option_strings)
    return Option(names, action.help or "", value, choices, files=takes and action.type is Path)
