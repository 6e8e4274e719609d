"""What public keys send wrongly is kept up to a share, so that nobody fills the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from chassis import SystemClock
from chassis.config.sealing import Seal
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE, OwnCalls
from services.gateway.server.limits import DailyAllowance, RateLimit
from services.gateway.server.metrics import REJECTS_DROPPED
from services.gateway.server.own_calls import OwnDatabase

REJECT = {"field": "properties", "reason": "must be an object", "payload": {"text": "x" * 1_000}}


def test_rejects_of_public_keys_are_kept_up_to_a_share_of_their_source(
    service_database: Callable[[str], Database],
) -> None:
    seal = Seal(b"a key for tests, long enough", SEAL_PURPOSE)
    work = UnitOfWorkRunner(service_database("gateway"), "gateway", SystemClock())
    size = store.reject_size(REJECT)
    own = OwnDatabase(
        OwnCalls(work, seal), RateLimit("key", 10), DailyAllowance(3.5 * size, clock=lambda: 0.0)
    )

    async def keep(method: str, source_id: str) -> Any:
        return await own.call(method, {"source_id": source_id, "rejects": [REJECT, REJECT]})

    async def run() -> list[Any]:
        kept = [await keep("keep_public_rejects", "web") for _ in range(3)]
        others = [await keep("keep_public_rejects", "app"), await keep("keep_rejects", "web")]
        return [*kept, *others]

    before = REJECTS_DROPPED.labels("web")._value.get()
    assert asyncio.run(run()) == [2, 1, 0, 2, 2]
    own.close()
    assert REJECTS_DROPPED.labels("web")._value.get() - before == 3
    listed = {
        source: len(work.run(partial(store.list_rejects, seal=seal, source_id=source)))
        for source in ("web", "app")
    }
    assert listed == {"web": 5, "app": 2}
