"""A process that appends to our log: `python -m bench.appends_ours URI MODE`."""

from __future__ import annotations

# First of all: like a service, this process is green before anything else is imported.
import chassis.runtime.green  # noqa: F401  # isort: skip

import sys
import time
import uuid
from functools import partial

import eventlet
import sqlalchemy as sa

from bench.appends import SECONDS, SIZES, WRITERS
from bench.orders import order
from chassis import Draft, SystemClock, new_id
from chassis.database.engine import Database
from chassis.database.tables import METADATA
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner


def main(uri: str, mode: str) -> float:
    """Events a second."""
    database = Database(uri, pool_size=WRITERS)
    with database.transaction() as connection:
        if not sa.inspect(connection).has_table("events"):
            METADATA.create_all(connection)
    work = UnitOfWorkRunner(database, "bench", SystemClock())
    data = order(1)["data"]
    at = SystemClock().now()
    end = time.monotonic() + SECONDS

    def writer() -> int:
        appended = 0
        while time.monotonic() < end:
            drafts = [
                Draft(new_id(), str(uuid.uuid4()), "order_completed", data, at)
                for _ in range(SIZES[mode])
            ]
            appended += len(work.autocommit(partial(UnitOfWork.append, drafts=drafts)))
        return appended

    start = time.monotonic()
    threads = [eventlet.spawn(writer) for _ in range(WRITERS)]
    appended = sum(int(thread.wait()) for thread in threads)
    return appended / (time.monotonic() - start)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
