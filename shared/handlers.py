"""What a signal handler may do to what it interrupts."""

import signal
from collections.abc import Iterable
from threading import Event, Thread


def set_on(signals: Iterable[signal.Signals], event: Event) -> None:
    """Have the event set by these signals."""
    for each in signals:
        signal.signal(each, lambda *_: set_aside(event))


def set_aside(event: Event) -> None:
    """Set the event in a thread: its lock may be held by the very code that a signal interrupts,
    which would wait for itself for ever.
    """
    Thread(target=event.set, daemon=True).start()
