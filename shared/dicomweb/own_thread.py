"""Calls that may hang, made beside an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class OwnThread:
    """Makes calls one after the other. asyncio.to_thread has one pool for all, and a call that
    hangs keeps its thread when nobody waits for it any more: one server's would take every thread.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "credentials")  # no thread before the first call

    async def run(self, call: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        """A call that has not begun when its caller is cancelled is never made."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def close(self) -> None:
        """Waits for nothing; a call under way ends by its own deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)
