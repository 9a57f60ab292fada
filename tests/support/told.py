"""`python -m tests.support.told`: waits for SIGHUP, and announces it."""

import signal
import threading

from shared import hangup
from shared.handlers import set_on
from standalone.ready import announce

if __name__ == "__main__":
    told = threading.Event()
    set_on((signal.SIGHUP,), told)
    hangup.deliver()
    told.wait()
    announce("told")
