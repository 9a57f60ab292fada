"""Supervises the processes of one proxy: starts them in order, restarts those that fall, and takes
all of them down in the opposite order.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared import hangup, logs
from standalone.child import PARENT
from standalone.ready import Announced

log = logs.get(__name__)

START_TIMEOUT = 60.0  # seconds until a process serves: Redis may have a long file to read
LONGEST_PAUSE = 30.0  # seconds between restarts of what keeps falling
HEALTHY = 60.0  # seconds after which a fall counts as the first one
LAST_WORDS = 2.0  # seconds between a process's last word and its end
POLL = 0.1  # seconds between looks at the processes
TENDING = 2.0  # seconds between calls of `tend`
USAGE = 2  # exit code: the settings cannot be used, so that no restart will help


class StartFailed(Exception):
    """A process ended before it served, having said why; carries the exit code to end with."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(name)
        self.code = code


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    arguments: tuple[str, ...]  # for standalone.child
    environment: Mapping[str, str]
    serves: Callable[[Announced], str | None]  # waits; the address, or None if it ended
    grace: float  # seconds to end in when asked to
    reloads: bool = False  # on SIGHUP
    expendable: bool = False  # the others go on where its settings cannot be used


@dataclass(slots=True)
class _Running:
    program: Program
    process: Announced
    started: float = field(default_factory=time.monotonic)
    falls: int = 0
    restart_at: float | None = None


class Tree:
    def __init__(self) -> None:
        self._running: list[_Running] = []
        # Set by signal handlers: an Event's lock might be held by what they interrupt.
        self._stopping = False
        self._reload = False

    def stop_on_signals(self) -> None:
        """A first SIGTERM or SIGINT ends everything in order."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self.request_stop)

    def reload_on_signal(self) -> None:
        """SIGHUP is handed on to the programs that read their settings again."""
        hangup.handle(self._request_reload)

    def request_stop(self, *_: object) -> None:
        self._stopping = True

    def _request_reload(self, *_: object) -> None:
        self._reload = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    def start(self, program: Program) -> str:
        """Start one and wait until it serves; where. Raises StartFailed."""
        running = _Running(program, _spawn(program))
        self._running.append(running)
        address = program.serves(running.process)
        if address is None:
            raise StartFailed(program.name, USAGE if _ended(running.process) == USAGE else 1)
        return address

    def forget(self, program: Program) -> None:
        """Of a program that ended, and that is not to be restarted."""
        self._running = [each for each in self._running if each.program is not program]

    def watch(self, tend: Callable[[], None] = lambda: None) -> int:
        """Restart what falls, until a signal says to end; the exit code. `tend` is called now and
        then.
        """
        due = time.monotonic()
        while self._waited():
            if time.monotonic() >= due:
                tend()
                due = time.monotonic() + TENDING
            if self._reload:
                self._reload = False
                self._hand_on(signal.SIGHUP)
            for each in self._running:
                if self._tend(each) == USAGE:
                    return USAGE
        return 0

    def _waited(self) -> bool:
        """A moment; whether to go on."""
        time.sleep(POLL)
        return not self._stopping

    def stop(self) -> None:
        for each in reversed(self._running):
            _end(each)

    def _hand_on(self, what: signal.Signals) -> None:
        for each in self._running:
            if each.program.reloads and each.process.poll() is None:
                each.process.send_signal(what)

    def _tend(self, running: _Running) -> int | None:
        now = time.monotonic()
        if running.restart_at is not None:
            if now >= running.restart_at:
                running.process = _spawn(running.program)
                running.started, running.restart_at = now, None
                log.info("process.restarted", process=running.program.name)
            return None
        code = running.process.poll()
        if code is None or (code == USAGE and not running.program.expendable):
            return code
        running.falls = 1 if now - running.started > HEALTHY else running.falls + 1
        pause = min(LONGEST_PAUSE, 2.0 ** (running.falls - 1))
        running.restart_at = now + pause
        log.error("process.fell", process=running.program.name, exit_code=code, restart_in=pause)
        return None


def _spawn(program: Program) -> Announced:
    # A session of its own: Ctrl-C in a terminal is for us to hand on, in the right order.
    with hangup.blocked():
        return Announced(
            [sys.executable, "-m", "standalone.child", *program.arguments],
            environment={**program.environment, PARENT: str(os.getpid())},
            stdin=subprocess.PIPE if sys.platform != "linux" else subprocess.DEVNULL,
            new_session=True,
        )


def _ended(process: Announced) -> int | None:
    """The exit code of what has closed its pipe, and so is about to end; None if it hangs."""
    try:
        return process.wait(LAST_WORDS)
    except subprocess.TimeoutExpired:
        return None


def _end(running: _Running) -> None:
    process = running.process
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(running.program.grace)
        except subprocess.TimeoutExpired:
            log.warning("process.killed", process=running.program.name)
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()
