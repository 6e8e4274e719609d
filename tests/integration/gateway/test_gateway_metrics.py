"""What Prometheus sees: whether the gateway is ready, what is rejected, how long webhooks wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from math import isnan

import kombu
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from chassis import SystemClock
from chassis.config.sealing import Seal
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.gateway import store
from services.gateway.commands import SEAL_PURPOSE, OwnCalls
from services.gateway.server.limits import DailyAllowance, RateLimit
from services.gateway.server.monitoring import Health
from services.gateway.server.own_calls import OwnDatabase
from services.gateway.server.rpc import RpcClient
from tests.support.ports import free_port
from tests.support.servers import VirtualHosts

SEAL = Seal(b"a key for tests, long enough", SEAL_PURPOSE)
REJECTED = "cdp_gateway_rejected_items_total[web]"
READY = "cdp_gateway_ready"
WAITING = "cdp_gateway_webhooks_waiting_age_seconds"


def read(text: str) -> dict[str, float]:
    """The samples of a scrape by name and labels."""
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(own: OwnDatabase, rpc: RpcClient | None = None) -> dict[str, float]:
    """What a process shows that has just begun; it has no broker unless it is given."""
    health = Health(rpc or RpcClient("amqp://nobody"), own)
    response = await health.metrics(Request({"type": "http"}))
    return read(bytes(response.body).decode())


def opened(database: Database) -> tuple[UnitOfWorkRunner, OwnDatabase]:
    work = UnitOfWorkRunner(database, "gateway", SystemClock())
    return work, OwnDatabase(OwnCalls(work, SEAL), RateLimit("key", 10), DailyAllowance(0))


def test_rejects_are_counted_kept_or_not(service_database: Callable[[str], Database]) -> None:
    _, own = opened(service_database("gateway"))
    rejects = [{"field": "properties", "reason": "must be an object", "payload": {}}] * 2

    async def run() -> float:
        before = (await scrape(own)).get(REJECTED, 0)
        for method in ("keep_rejects", "keep_public_rejects"):
            await own.call(method, {"source_id": "web", "rejects": rejects})
        return (await scrape(own))[REJECTED] - before

    assert asyncio.run(run()) == 4
    own.close()


def test_the_age_is_that_of_the_oldest_webhook_that_waits(
    service_database: Callable[[str], Database],
) -> None:
    work, own = opened(service_database("gateway"))

    async def age() -> float:
        return (await scrape(own))[WAITING]

    def keep(minutes: int) -> str:
        def put(unit: UnitOfWork) -> str:
            delivery_id = store.keep_delivery(
                unit, SEAL, source_id="web", topic="t", headers={}, body=b""
            )
            came = {"received_at": unit.now - minutes * 60_000_000}
            named = store.DELIVERIES.c.delivery_id == delivery_id
            unit.connection.execute(store.DELIVERIES.update().where(named).values(came))
            return delivery_id

        return work.run(put)

    assert asyncio.run(age()) == 0
    oldest = keep(60)
    keep(20)
    assert 3_600 <= asyncio.run(age()) < 3_700
    work.run(partial(store.settle_delivery, delivery_id=oldest, status="done"))
    assert 1_200 <= asyncio.run(age()) < 1_300
    own.close()


def test_without_its_servers_a_process_is_not_ready_and_knows_of_no_age() -> None:
    away = Database(f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/nowhere")
    _, own = opened(away)
    seen = asyncio.run(scrape(own))
    assert seen[READY] == 0
    assert isnan(seen[WAITING])
    own.close()
    away.close()


def test_a_process_with_its_servers_is_ready(
    service_database: Callable[[str], Database], virtual_hosts: VirtualHosts
) -> None:
    _, own = opened(service_database("gateway"))
    virtual_host = virtual_hosts.create()
    with kombu.Connection(virtual_host.operator_uri()) as connection:  # as the services do
        kombu.Exchange("nameko-rpc", "topic", durable=True)(connection.default_channel).declare()

    async def run() -> float:
        rpc = RpcClient(virtual_host.uri("gateway"))
        connecting = asyncio.create_task(rpc.run())
        async with asyncio.timeout(20):
            while rpc.problem:
                await asyncio.sleep(0.05)
        seen = await scrape(own, rpc)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        return seen[READY]

    assert asyncio.run(run()) == 1
    own.close()
    virtual_hosts.delete(virtual_host)
