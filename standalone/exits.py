"""Exit codes of `dicomweb-proxy`, declared once: for --help, docs/commands.md and the program."""

PROGRAM = "dicomweb-proxy"  # how each line of a complaint begins
FINE, FAILED, UNUSABLE, UNKNOWN, INTERRUPTED = 0, 1, 2, 3, 130

EXITS = {
    FINE: "all went well",
    FAILED: "it failed at run time, or found what somebody has to mend; the output says what",
    UNUSABLE: "the configuration or the command line cannot be used",
    UNKNOWN: "status: the spool or Redis cannot be asked, so not all is known",
    INTERRUPTED: "interrupted",
}


def epilog() -> str:
    return "exit codes:\n" + "".join(f"  {code:<4} {text}\n" for code, text in EXITS.items())
