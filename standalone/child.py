"""Runs a program so that it never outlives the process that started it.

`python -m standalone.child MODULE [ARGUMENT…]` runs a module,
`python -m standalone.child --exec PROGRAM [ARGUMENT…]` a binary.
"""

import ctypes
import os
import runpy
import signal
import subprocess
import sys
import threading

from shared import hangup

PARENT = "STANDALONE_PARENT"  # process id of who starts us
PR_SET_PDEATHSIG = 1  # prctl(2): the signal that the parent's death sends


def main(arguments: list[str]) -> None:
    hangup.keep()  # a program that is executed forgets it
    bound = _bind_to_parent()
    if arguments[0] != "--exec":
        if not bound:
            threading.Thread(target=_follow, daemon=True).start()
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif bound:
        os.execv(arguments[1], arguments[1:])  # noqa: S606  # a binary of ours; no shell is wanted
    else:
        sys.exit(_nurse(arguments[1:]))


def _bind_to_parent() -> bool:
    """Have the kernel end us with our parent; False where it cannot (macOS)."""
    if sys.platform != "linux":
        return False
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.environ.get(PARENT, str(os.getppid())) != str(os.getppid()):
        os.kill(os.getpid(), signal.SIGTERM)  # it died before we could ask
    return True


def _follow() -> None:
    """End with our parent, who holds the other end of our standard input."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _nurse(command: list[str]) -> int:
    """Run a binary and hand on both the parent's death and a request to end."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:  # noqa: S603  # ours
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        threading.Thread(target=_follow, daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
