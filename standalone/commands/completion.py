"""`dicomweb-proxy completion`: have a shell complete commands, options and their values.

bash   source <(dicomweb-proxy completion bash)           in ~/.bashrc
zsh    source <(dicomweb-proxy completion zsh)            in ~/.zshrc, after compinit
fish   dicomweb-proxy completion fish | source            in config.fish
"""

import argparse
import json
import sys

from standalone.options import add_json

SUMMARY = "print what makes bash, zsh or fish complete this program's words"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    from standalone.cli import parser
    from standalone.command_tree import tree
    from standalone.completions import SHELLS
    from standalone.exits import PROGRAM

    script = SHELLS[options.shell](PROGRAM, tree(parser()))
    text = json.dumps({"shell": options.shell, "script": script}) if options.json else script
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    return 0
