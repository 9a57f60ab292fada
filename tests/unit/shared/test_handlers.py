"""A signal that comes while the event it sets is looked at."""

import os
import signal
import subprocess
import sys

WAITS_FOR_ITSELF = """
import os, signal, sys, threading
from shared.handlers import set_on

event = threading.Event()
set_on([signal.SIGTERM], event)
with event._cond:  # as within Event.wait, now and then
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass
sys.exit(0 if event.wait(20) else 1)
"""


def test_a_handler_never_waits_for_what_it_interrupts() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WAITS_FOR_ITSELF],
        env={**os.environ, "PYTHONPATH": "."},
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
