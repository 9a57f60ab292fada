"""Several processes on one port (SO_REUSEPORT), and connections dealt out evenly among them.

Each is forked before anything has a thread or an event loop, and has everything of its own.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable

from shared import logs
from shared.dimse.dealing import Seat, Table

# Number of the process, from 0, and its seat among several -> exit code
Serve = Callable[[int, Seat | None], int]

HURRY = signal.SIGUSR1  # to one of several: wait for nobody any more
_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP})
LOOK = 5.0  # seconds between looks whether each process still runs
HUNG = 12  # looks without a sign of life, after which one is killed
_SHORTEST_LIFE = 1.0  # seconds; one that dies sooner is started again only after that
_PR_SET_PDEATHSIG = 1  # prctl(2): the signal that the parent's death sends

log = logs.get(__name__)


def share(count: int, serve: Serve) -> int:
    """Run `serve` in `count` processes until SIGTERM or SIGINT; its exit code, or the worst.

    They may have that signal from elsewhere as well: systemd sends it to each process of a service,
    a terminal to each of a group. So a second one of ours they have as another signal, HURRY.

    One that a signal killed is started again; so is one that shows no sign of life for a minute,
    which is killed (not on macOS, which cannot wait for signals with an end). One that ends by
    itself has a reason that the others have too: they are told to end.
    """
    if count == 1:
        return serve(0, None)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    return _Family(count, serve).tend()


def _wait() -> int | None:
    """A signal; None: there was none for so long."""
    if sys.platform == "darwin":
        return signal.sigwait(_SIGNALS)
    received = signal.sigtimedwait(_SIGNALS, LOOK)
    return received and received.si_signo


class _Family:
    def __init__(self, count: int, serve: Serve) -> None:
        self._serve = serve
        self._table = Table(count)
        self._children: dict[int, tuple[int, float]] = {}  # process -> number, when it was born
        self._stopping = self._asked = False
        self._code = 0
        self._seen: dict[int, tuple[int | None, int]] = {}  # process -> its beats, looks since
        for number in range(count):
            self._bear(number)

    def tend(self) -> int:
        while self._children:
            received = _wait()
            if received is None:
                self._look()
            elif received == signal.SIGCHLD:
                self._reap()
            elif received == signal.SIGHUP:
                self._tell(received)
            else:
                self._stop(HURRY if self._asked else signal.SIGTERM)
                self._asked = True
        return self._code

    def _look(self) -> None:
        """In our own time: where we were all stopped together, nobody hung."""
        before, self._seen = self._seen, {}
        for process, (number, _) in self._children.items():
            beats = self._table.beats_of(number)
            last, looks = before.get(process, (None, 0))
            looks = looks + 1 if beats is not None and beats == last else 0
            self._seen[process] = beats, looks
            if looks == HUNG:
                log.error("process.hung", number=number)
                os.kill(process, signal.SIGKILL)

    def _bear(self, number: int) -> None:
        process = os.fork()
        if process:
            self._children[process] = number, time.monotonic()
            return
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        code = 1
        try:
            code = self._serve(number, Seat(self._table, number))
        except Exception:
            log.exception("process.failed", number=number)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # what the parent had begun before the fork is not ours to end

    def _stop(self, how: int) -> None:
        self._stopping = True
        self._tell(how)

    def _tell(self, what: int) -> None:
        for process in self._children:
            os.kill(process, what)

    def _reap(self) -> None:
        for process in list(self._children):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                number, born = self._children.pop(process)
                self._mourn(number, born, status)

    def _mourn(self, number: int, born: float, status: int) -> None:
        self._table.vacate(number)
        if not os.WIFSIGNALED(status):
            self._code = max(self._code, os.waitstatus_to_exitcode(status))
            if not self._stopping:
                self._stop(signal.SIGTERM)
        elif not self._stopping:
            log.error("process.killed", number=number, signal=os.WTERMSIG(status))
            time.sleep(max(0.0, born + _SHORTEST_LIFE - time.monotonic()))
            self._bear(number)
