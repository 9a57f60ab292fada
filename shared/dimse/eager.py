"""Coroutines begun at once: most answers come without a wait, and need neither task nor turn.

Python has eager tasks from 3.12 on; this costs less, and does the same in every version.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any


def begin(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Run it up to its first wait, without a current task. None: it has ended; else it goes on in
    a task, and what it raises from then on is the task's.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_go_on(work, waits_for))


async def _go_on(work: Coroutine[Any, Any, None], waits_for: object) -> None:
    await _rest(work, waits_for)


@coroutine
def _rest(work: Coroutine[Any, Any, None], waits_for: object) -> Generator[object, None, None]:
    """What `yield from` does, for a coroutine that waits already."""
    try:
        while True:
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001  a fault, or the task was cancelled
                waits_for = work.throw(error)
            else:
                waits_for = work.send(None)
    except StopIteration:
        return
