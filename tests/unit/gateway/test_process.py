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
