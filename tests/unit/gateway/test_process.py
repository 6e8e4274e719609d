"""Facts about what a process of the gateway does beside the requests."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway.server import process


def test_what_goes_on_beside_the_requests_goes_on_whatever_goes_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "_PAUSE_SECONDS", 0.0)
    runs: list[int] = []

    async def fail() -> None:
        runs.append(len(runs))
        if len(runs) == 3:
            raise asyncio.CancelledError  # as when the process is told to stop
        raise KeyError("nobody has thought of it")

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(process._keep_up(fail))
    assert runs == [0, 1, 2]


def test_what_keeps_a_cancellation_to_itself_is_ended_all_the_same() -> None:
    kept: list[int] = []

    async def keep_one() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                kept.append(1)
                if len(kept) > 1:
                    raise

    async def run() -> bool:
        task = asyncio.create_task(keep_one())
        await asyncio.sleep(0)
        await process.end([task], 0.01)
        return task.cancelled()

    assert asyncio.run(run())
    assert len(kept) == 2


def test_what_no_cancellation_ends_does_not_hold_up_the_process() -> None:
    async def keep_all(until: asyncio.Event) -> None:
        while not until.is_set():
            try:
                await until.wait()
            except asyncio.CancelledError:
                continue

    async def run() -> bool:
        is_over = asyncio.Event()
        task = asyncio.create_task(keep_all(is_over))
        await asyncio.sleep(0)
        await process.end([task], 0.0)
        is_alive = not task.done()
        is_over.set()
        await task
        return is_alive

    assert asyncio.run(run())
