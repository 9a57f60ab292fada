"""Coroutines begun at once behave as in a task, from their first wait on."""

import asyncio

import pytest

from shared.dimse.eager import begin


def test_what_needs_no_wait_has_ended_at_once() -> None:
    steps: list[str] = []

    async def answer() -> None:
        steps.append("answered")

    async def main() -> None:
        assert begin(answer()) is None
        assert steps == ["answered"]

    asyncio.run(main())


def test_what_waits_goes_on_in_a_task_through_all_its_waits() -> None:
    steps: list[object] = []

    async def answer() -> None:
        loop = asyncio.get_running_loop()
        steps.append(await loop.run_in_executor(None, lambda: "kept"))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            steps.append(await loop.run_in_executor(None, lambda: "told"))

    async def main() -> None:
        task = begin(answer())
        assert task
        assert steps == []
        await task

    asyncio.run(main())

    assert steps == ["kept", "told"]


def test_what_a_wait_ends_with_is_raised_where_it_waits() -> None:
    async def answer(waits_for: asyncio.Future[None], caught: list[str]) -> None:
        try:
            await waits_for
        except OSError as error:
            caught.append(str(error))
        raise ValueError("of its own")

    async def main() -> None:
        waits_for, caught = asyncio.get_running_loop().create_future(), list[str]()
        task = begin(answer(waits_for, caught))
        assert task
        waits_for.set_exception(OSError("the disk"))
        with pytest.raises(ValueError, match="of its own"):
            await task
        assert caught == ["the disk"]

    asyncio.run(main())


def test_a_cancelled_task_cancels_what_it_waits_for_and_cleans_up() -> None:
    async def main() -> None:
        waits_for: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        cleaned: list[bool] = []

        async def answer() -> None:
            try:
                await waits_for
            finally:
                await asyncio.sleep(0)
                cleaned.append(True)

        task = begin(answer())
        assert task
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert waits_for.cancelled()
        assert cleaned == [True]

    asyncio.run(main())


def test_what_fails_before_it_waits_fails_where_it_was_begun() -> None:
    async def answer() -> None:
        raise ValueError("at once")

    async def main() -> None:
        with pytest.raises(ValueError, match="at once"):
            begin(answer())

    asyncio.run(main())
