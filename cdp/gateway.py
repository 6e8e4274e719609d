"""The gateway's database, for the operator's commands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from cdp.databases import explained
from cdp.embedded import EMBEDDED_BROKER
from chassis.config.sealing import Seal
from chassis.config.settings import read_settings
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from services.gateway.commands import SEAL_PURPOSE, OwnCalls, check_source


@contextmanager
def gateway_database() -> Iterator[OwnCalls]:
    """The database of CDP_GATEWAY_DATABASE_URI; a ServiceError says why it cannot be used."""
    os.environ.setdefault("CDP_AMQP_URI", EMBEDDED_BROKER)  # nothing is said to a broker
    settings = read_settings("gateway", has_door=False)
    with (
        closing(Database(settings.database_uri, pool_size=1)) as database,
        explained("gateway", "CDP_GATEWAY_DATABASE_URI"),
    ):
        work = UnitOfWorkRunner(database, "gateway", settings.clock)
        yield OwnCalls(work, Seal(settings.identifier_key, SEAL_PURPOSE))


def check_source_exists(own: OwnCalls, source_id: str | None) -> None:
    """NotFound if a source is named that there is not."""
    if source_id is not None:
        own.work.read(partial(check_source, source_id=source_id))
