"""Completion scripts, made from the command tree. They run no program when a key is pressed."""

from collections.abc import Callable, Iterator

from standalone.command_tree import Node, Option

BASH = """\
# Completion of {program} for bash, made by `{program} completion bash`.
{function}() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local place="" word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="${{COMP_WORDS[at]}}"
    case "$place $word" in
{steps}
    esac
  done
  COMPREPLY=()
  case "$place|$before" in
{values}
  esac
  case "$place" in
{words}
  esac
}}
complete -o filenames -F {function} {program}
"""
# A line each, so that names may have spaces.
BASH_FILES = "local IFS=$'\\n'; COMPREPLY+=($(compgen -f -- \"$current\"))"
ZSH = """\
# Completion of {program} for zsh, made by `{program} completion zsh`.
{function}() {{
  local before="${{words[CURRENT-1]}}" place="" word
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$place $word" in
{steps}
    esac
  done
  case "$place|$before" in
{values}
  esac
  case "$place" in
{words}
  esac
}}
compdef {function} {program}
"""


def bash(program: str, root: Node) -> str:
    return BASH.format(
        program=program,
        function=_function(program),
        steps=_steps(root),
        values=_values(
            root,
            files=f"{BASH_FILES}; return",
            choices='COMPREPLY=($(compgen -W "{words}" -- "$current")); return',
        ),
        words="\n".join(
            f'    "{_place(each)}") COMPREPLY=($(compgen -W "{" ".join(_offered(each))}" '
            f'-- "$current")){f"; {BASH_FILES}" if _takes_files(each) else ""} ;;'
            for each in root.every()
        ),
    )


def zsh(program: str, root: Node) -> str:
    return ZSH.format(
        program=program,
        function=_function(program),
        steps=_steps(root),
        values=_values(
            root,
            files="_files; return",
            choices="compadd -- {words}; return",
        ),
        words="\n".join(
            f'    "{_place(each)}") compadd -- {" ".join(_offered(each))}'
            f"{'; _files' if _takes_files(each) else ''} ;;"
            for each in root.every()
        ),
    )


def fish(program: str, root: Node) -> str:
    lines = [
        f"# Completion of {program} for fish, made by `{program} completion fish`.",
        f"complete -c {program} -e",
        f"complete -c {program} -f",
        f"complete -c {program} -l help -d {_quoted('show this help message and exit')}",
    ]
    for node in root.every():
        here = _condition(node)
        lines += [
            f"complete -c {program} -n {here} -a {each.path[-1]} -d {_quoted(each.help)}"
            for each in node.children
        ]
        for option in node.options:
            lines += _fish_option(program, here, option)
    return "\n".join(lines) + "\n"


SHELLS: dict[str, Callable[[str, Node], str]] = {"bash": bash, "zsh": zsh, "fish": fish}


def _fish_option(program: str, here: str, option: Option) -> Iterator[str]:
    flags = " ".join(f"-l {each[2:]}" for each in option.names if each.startswith("--"))
    value = f" -x -a {_quoted(' '.join(option.choices))}" if option.choices else ""
    if option.files:
        value = " -r -F"
    elif option.value and not value:
        value = " -x"
    if flags and option.names != ("-h", "--help"):
        yield f"complete -c {program} -n {here} {flags}{value} -d {_quoted(option.help)}"
    elif not option.names and option.choices:
        yield f"complete -c {program} -n {here} -a {_quoted(' '.join(option.choices))}"
    elif not option.names and option.files:
        yield f"complete -c {program} -n {here} -F"


def _condition(node: Node) -> str:
    """Fish: all words of the path were seen, and none that leads further."""
    seen = [f"__fish_seen_subcommand_from {each}" for each in node.path]
    further = " ".join(each.path[-1] for each in node.children)
    if further:
        seen.append(f"not __fish_seen_subcommand_from {further}")
    return _quoted("; and ".join(seen) or "true")


def _steps(root: Node) -> str:
    nodes = [each for each in root.every() if each.path]
    return "\n".join(
        f'      "{" ".join(each.path[:-1])} {each.path[-1]}") place="{_place(each)}" ;;'
        for each in nodes
    )


def _values(root: Node, *, files: str, choices: str) -> str:
    """What may follow an option that takes a value."""
    return "\n".join(
        f"    {'|'.join(_quoted_place(node, name) for name in option.names)}) {what} ;;"
        for node in root.every()
        for option in node.options
        if option.names and option.value
        for what in [_value(option, files, choices)]
    )


def _value(option: Option, files: str, choices: str) -> str:
    if option.choices:
        return choices.format(words=" ".join(option.choices))
    return files if option.files else "return"


def _quoted_place(node: Node, option: str) -> str:
    return f'"{_place(node)}|{option}"'


def _offered(node: Node) -> list[str]:
    words = [each.path[-1] for each in node.children]
    for option in node.options:
        words += option.names or option.choices
    return words


def _takes_files(node: Node) -> bool:
    return any(each.files and not each.names for each in node.options)


def _place(node: Node) -> str:
    return " ".join(node.path)


def _function(program: str) -> str:
    return "_" + program.replace("-", "_")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("%%", "%")
    return f"'{escaped}'"
