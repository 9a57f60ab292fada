"""Runs an acceptor until the process is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from shared import hangup
from shared.dimse.acceptor import Acceptor
from shared.dimse.processes import HURRY

Started = Callable[[Acceptor], None]
Reload = Callable[[Acceptor], None]
Stopped = Callable[[], Awaitable[None]]


def serve(
    acceptor: Acceptor,
    on_started: Started | None = None,
    on_stopped: Stopped | None = None,
    on_reload: Reload | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises OSError where it cannot listen.

    A second signal, or HURRY where it is one of several processes, ends it without waiting for
    associations to finish. `on_stopped` is awaited in the same event loop once every operation has
    ended, for services that have things to close. `on_reload` is called for each SIGHUP, in the
    event loop's thread.
    """
    run(_serve(acceptor, on_started, on_stopped, on_reload))


def run(main: Coroutine[Any, Any, None]) -> None:
    """As asyncio.run, on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:  # Windows, and platforms without a wheel
        asyncio.run(main)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)


async def _serve(
    acceptor: Acceptor,
    on_started: Started | None,
    on_stopped: Stopped | None,
    on_reload: Reload | None,
) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set if acceptor.seat else on_signal)
    if acceptor.seat:
        loop.add_signal_handler(HURRY, hurry.set)
    if on_reload:
        loop.add_signal_handler(signal.SIGHUP, _reload, acceptor, on_reload)
        hangup.deliver()
    try:
        await acceptor.start()
        if on_started:
            on_started(acceptor)
        await stop.wait()
        await _drain(acceptor, hurry)
    finally:
        await acceptor.close()
        if on_stopped:
            await on_stopped()


def _reload(acceptor: Acceptor, on_reload: Reload) -> None:
    acceptor.renew()
    on_reload(acceptor)


async def _drain(acceptor: Acceptor, hurry: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    draining = loop.create_task(acceptor.drain(acceptor.drain_timeout))
    hurried = loop.create_task(hurry.wait())
    await asyncio.wait((draining, hurried), return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, hurried):
        task.cancel()
    await asyncio.gather(draining, hurried, return_exceptions=True)
