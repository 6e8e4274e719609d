"""Understands the webhooks that are kept, beside the requests."""

from __future__ import annotations

import asyncio

import structlog

from chassis.core.errors import ServiceError
from chassis.core.event import new_id
from services.gateway.handlers.webhook_settling import POSTPONED, settle_waiting
from services.gateway.server.calls import CallOrigin, Services
from services.gateway.server.metrics import WEBHOOKS

_IDLE_SECONDS = 1.0
_AWAY_SECONDS = 5.0  # something that is away is asked again

_log = structlog.get_logger("gateway")


async def settle_webhooks(services: Services) -> None:
    """Settle whatever waits, for ever; every process does, since an event counts once."""
    while True:
        origin = CallOrigin(f"gateway.webhooks.{new_id()}")
        try:
            settled = await services.carry_out(settle_waiting(), origin)
        except ServiceError as error:
            _log.warning("webhooks_wait", reason=str(error))
            await asyncio.sleep(_AWAY_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the requests must go on
            _log.error("settling_failed", exc_info=error)
            await asyncio.sleep(_AWAY_SECONDS)
        else:
            for status, number in settled.items():
                WEBHOOKS.labels(status).inc(number)
            if settled:
                _log.info("webhooks_settled", **settled)
            if not settled.keys() - {POSTPONED}:
                await asyncio.sleep(_AWAY_SECONDS if settled else _IDLE_SECONDS)
